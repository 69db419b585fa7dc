import Foundation
import Runtime

/// A request as the model will see it.
struct PreparedSample {
  let request: Request
  let ids: [Int32]
  /// Where the user's text lies in `ids`, inside its template.
  let text: Range<Int>
  let truncated: Bool
  /// Hash of the ids.
  let promptHash: String
  let maxTokens: Int
  let ignoresEnd: Bool
  /// Whether the prompt stands in the chat template.
  let chat: Bool

  /// Tokenizes a request, in the chat template or raw; a prompt too long for the context loses its middle.
  ///
  /// The first and last halves of the user's text stay (the rule of LongBench), inside a complete template.
  ///
  /// - Throws: `RuntimeProblem` K606 if nothing of the prompt would fit.
  init(_ request: Request, _ loaded: LoadedModel, chat: Bool, maxTokens: Int) throws {
    switch request.output {
    case .untilEnd:
      self.maxTokens = maxTokens
      ignoresEnd = false
    case .atMost(let count):
      self.maxTokens = min(maxTokens, count)
      ignoresEnd = false
    case .exactly(let count):
      self.maxTokens = count
      ignoresEnd = true
    }
    let chat = request.chat ?? chat
    self.chat = chat
    let context = loaded.model.configuration.contextTokens
    let room = context - self.maxTokens
    var ids = try Self.ids(request.prompt, loaded, chat)
    var truncated = false
    if ids.count > room {
      let content = loaded.tokenizer.encode(request.prompt, parseSpecial: false)
      var keep = room - max(0, ids.count - content.count)
      while ids.count > room {
        guard keep > 0 else {
          throw RuntimeProblem(
            "K606", seen: "max=\(self.maxTokens) leaves \(max(0, room)) of \(context) tokens for the prompt",
            expected: "room for the template and some of the prompt", suggestion: "use a smaller max")
        }
        let ranges = MiddleTruncation.keptRanges(count: content.count, limit: keep)
        let text =
          loaded.tokenizer.decode(Array(content[ranges.head])) + loaded.tokenizer.decode(Array(content[ranges.tail]))
        ids = try Self.ids(text, loaded, chat)
        keep -= max(1, ids.count - room)
      }
      truncated = true
    }
    self.request = request
    self.ids = ids
    text = try Self.text(ids, loaded, chat)
    self.truncated = truncated
    promptHash = FileDigest.sha256(ids.map(String.init).joined(separator: ","))
  }

  /// What differs from the same prompt without a text.
  private static func text(_ ids: [Int32], _ loaded: LoadedModel, _ chat: Bool) throws -> Range<Int> {
    let frame = try Self.ids("", loaded, chat)
    let head = zip(ids, frame).prefix { $0 == $1 }.count
    let tail = zip(ids[head...].reversed(), frame[head...].reversed()).prefix { $0 == $1 }.count
    return head..<ids.count - tail
  }

  private static func ids(_ text: String, _ loaded: LoadedModel, _ chat: Bool) throws -> [Int32] {
    chat ? try loaded.template.ids([ChatMessage(.user, text)], loaded.tokenizer) : loaded.rawIds(text)
  }
}
