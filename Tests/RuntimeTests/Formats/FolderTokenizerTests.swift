import Foundation
import Testing

@testable import Runtime

/// Tokenizers of model folders against the `tokenizers` library.
struct FolderTokenizerTests {
  static func records() throws -> [String: FamilyFixtures.TokenizerRecord] {
    try JSONDecoder().decode(
      [String: FamilyFixtures.TokenizerRecord].self, from: Data(contentsOf: FamilyFixtures.url("tokenizers.json")))
  }

  /// A folder with the tokenizer of a kind, its `tokenizer.json` edited.
  static func folder(_ kind: String, _ edit: (inout [String: Any]) -> Void = { _ in }) throws -> ModelFolder {
    let all = try JSONSerialization.jsonObject(with: Data(contentsOf: FamilyFixtures.url("tokenizers.json")))
    guard let entry = (all as? [String: Any])?[kind] as? [String: Any] else { throw FamilyFixtures.Missing(name: kind) }
    let family = entry["family"] as? String
    let path = try FamilyFixtures.copy(family ?? "qwen2", as: kind)
    if let file = entry["file"] {
      // The other files name tokens of the family whose folder was copied.
      for other in ["tokenizer_config.json", "generation_config.json"] {
        try FileManager.default.removeItem(atPath: path + "/" + other)
      }
      try JSONSerialization.data(withJSONObject: file).write(to: URL(fileURLWithPath: path + "/tokenizer.json"))
    }
    try FamilyFixtures.change(path, "tokenizer.json", edit)
    return try ModelFolder(path: path)
  }

  @Test("ids and decoded texts are those of the tokenizers library", arguments: FamilyFixtures.tokenizers)
  func golden(_ kind: String) throws {
    let record = try #require(try Self.records()[kind])
    let tokenizer = try Tokenizer(Self.folder(kind))
    #expect(record.rows.count == 28)
    for row in record.rows {
      let ids = tokenizer.encode(row.text, parseSpecial: true)
      #expect(ids == row.ids, "\(kind): \(row.text.debugDescription)")
      let decoded = tokenizer.decode(row.ids)
      #expect(Array(decoded.utf8) == Array(row.decoded.utf8), "\(kind): \(row.text.debugDescription)")
      var stream = StreamDecoder(tokenizer)
      let streamed = row.ids.map { stream.append($0) }.joined() + stream.finish()
      #expect(streamed == decoded)
    }
  }

  @Test("tokens that open and end a text come from the folder's files")
  func special() throws {
    let llama = try Tokenizer(Self.folder("llama3"))
    #expect(llama.addsBos && llama.bosId.map { llama.decode([$0]) } == "<|begin_of_text|>")
    #expect(Set(llama.endIds.map { llama.decode([$0]) }) == ["<|end_of_text|>", "<|eot_id|>"])
    let qwen = try Tokenizer(Self.folder("qwen"))
    #expect(!qwen.addsBos && qwen.bosId == nil)
    #expect(Set(qwen.endIds.map { qwen.decode([$0]) }) == ["<|im_end|>", "<|endoftext|>"])
    let mistral = try Tokenizer(Self.folder("sentencepiece"))
    #expect(mistral.addsBos && mistral.bosId == 1 && mistral.endIds == [2])
    let phi = try Tokenizer(Self.folder("phi"))
    #expect(!phi.addsBos && phi.bosId == 1)
    #expect(Set(phi.endIds.map { phi.decode([$0]) }) == ["<|endoftext|>", "<|end|>"])
    #expect(phi.tokenBytes(3 + 0x0A) == [0x0A])
  }

  @Test("chat templates of a folder: of tokenizer_config.json, of chat_template.jinja, or none")
  func templates() throws {
    let folder = try Self.folder("qwen")
    let tokenizer = try Tokenizer(folder)
    #expect(try ChatTemplate.recognise(folder, tokenizer).family == .chatML(defaultSystem: nil))
    let none = try Self.folder("llama3")
    #expect(try ChatTemplate.recognise(none, Tokenizer(none)).family == .none)
    try Data("{{ bos_token }}[INST] {{ content }} [/INST]".utf8)
      .write(to: URL(fileURLWithPath: none.path + "/chat_template.jinja"))
    let template = try ChatTemplate.recognise(none, Tokenizer(none))
    #expect(try template.render([ChatMessage(.user, "Hi")]).hasPrefix("<|begin_of_text|>[INST]"))
  }

  @Test("a conversation is rendered and encoded as transformers does", arguments: ["qwen", "phi"])
  func conversation(_ kind: String) throws {
    let folder = try Self.folder(kind)
    let tokenizer = try Tokenizer(folder)
    let template = try ChatTemplate.recognise(folder, tokenizer)
    let messages = [
      ChatMessage(.system, "Be brief."), ChatMessage(.user, " What is a cache? "), ChatMessage(.assistant, "A store."),
      ChatMessage(.user, "Why?"),
    ]
    let record = try #require(try Self.records()[kind])
    #expect(try template.render(messages) == record.chat)
    #expect(try template.ids(messages, tokenizer) == record.chatIds)
  }

  typealias Edit = @Sendable (inout [String: Any]) -> Void

  static let refused: [(kind: String, code: String, seen: String, edit: Edit)] = [
    ("qwen", "K221", "the model 'Unigram' is not supported", { $0["model"] = ["type": "Unigram"] }),
    ("qwen", "K221", "the normaliser 'Lowercase' is not supported", { $0["normalizer"] = ["type": "Lowercase"] }),
    ("qwen", "K221", "the decoder 'WordPiece' is not supported", { $0["decoder"] = ["type": "WordPiece"] }),
    (
      "qwen", "K221", "the post-processor 'BertProcessing' is not supported",
      { $0["post_processor"] = ["type": "BertProcessing"] }
    ),
    (
      "qwen", "K223", "the pre-tokeniser (Whitespace) is not supported",
      { $0["pre_tokenizer"] = ["type": "Whitespace"] }
    ),
    (
      "gpt2", "K223", "a ByteLevel pre-tokeniser with add_prefix_space is not supported",
      { $0["pre_tokenizer"] = ["type": "ByteLevel", "add_prefix_space": true] }
    ),
    (
      "llama3", "K223", "a Split by '\\w+' is not supported",
      {
        $0["pre_tokenizer"] = [
          "type": "Sequence",
          "pretokenizers": [
            ["type": "Split", "pattern": ["Regex": "\\w+"], "behavior": "Isolated", "invert": false],
            ["type": "ByteLevel", "add_prefix_space": false, "use_regex": false],
          ],
        ]
      }
    ),
    (
      "metaspace", "K223", "a Metaspace that splits words apart is not supported",
      { $0["pre_tokenizer"] = ["type": "Metaspace", "replacement": "\u{2581}", "split": true] }
    ),
    (
      "qwen", "K222", "the model has no 'merges'",
      { $0["model"] = ["type": "BPE", "vocab": ["a": 0]] as [String: Any] }
    ),
    ("qwen", "K222", "the model has no 'vocab'", { $0["model"] = ["type": "BPE", "merges": []] as [String: Any] }),
    (
      "qwen", "K222", "merge 1 is 'q zz'",
      { $0["model"] = ["type": "BPE", "vocab": ["q": 0], "merges": [["q", "zz"]]] as [String: Any] }
    ),
    (
      "qwen", "K222", "token 'a' has the id -1", { $0["model"] = ["type": "BPE", "vocab": ["a": -1]] as [String: Any] }
    ),
    (
      "phi", "K222", "byte_fallback without a token for byte 0",
      {
        $0["added_tokens"] = [Any]()
        $0["model"] = ["type": "BPE", "byte_fallback": true, "vocab": ["a": 0], "merges": []] as [String: Any]
      }
    ),
    (
      "qwen", "K221", "the added token '<x>' as a single word is not supported",
      { $0["added_tokens"] = [["id": 400, "content": "<x>", "single_word": true]] as [Any] }
    ),
  ]

  @Test(
    "a component that kvsh does not have, or a table that does not fit, is one error by name",
    arguments: refused.indices)
  func refusals(_ index: Int) throws {
    let (kind, code, seen, edit) = Self.refused[index]
    let folder = try Self.folder(kind, edit)
    let problem = #expect(throws: RuntimeProblem.self) { try Tokenizer(folder) }
    #expect(problem?.code == code)
    #expect(problem?.seen == "\(kind)/tokenizer.json: \(seen)")
  }
}
