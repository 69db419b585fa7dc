/// vLLM's choice of requests from ShareGPT: shuffle what counts, walk, accept by length, stop at `n`.
///
/// Source: the sheet `sharegpt`, "Algorithm", 2025 form (vLLM `benchmark_dataset.py`).
public struct ShareGPTSampler: Sendable, Equatable {
  /// n: how many requests are wanted.
  public var requests = 1000
  /// Seeds the shuffle and the oversampling, as Python's `random.seed`.
  public var seed: UInt32 = 0
  /// Least P, and least L unless the output length is fixed.
  public var minTokens = 4
  /// Largest P.
  public var maxPromptTokens = 1024
  /// Largest P + L.
  public var maxTotalTokens = 2048
  /// L for every request in place of the reference's own length.
  public var fixedOutputTokens: Int?
  /// 2 is vLLM's rule; 1 also takes conversations of one turn, as prompts without a reference, of which only P is asked.
  public var minTurns = 2
  /// Fill up to `requests` with seeded choices, with replacement, from the accepted ones (step 6).
  public var oversample = false

  public init() {}

  /// Why a pair of lengths is not accepted, in the order in which the rule asks.
  public enum Rejection: String, Sendable, CaseIterable {
    case shortPrompt = "short_prompt"
    case shortOutput = "short_output"
    case longPrompt = "long_prompt"
    case longTotal = "long_total"
  }

  /// Step 4; nil means accepted. All bounds are inclusive.
  /// - Parameters:
  ///   - promptTokens: P.
  ///   - referenceTokens: ids of turn 1 alone; nil if there is no turn 1.
  public func rejection(promptTokens: Int, referenceTokens: Int?) -> Rejection? {
    if promptTokens < minTokens { return .shortPrompt }
    if fixedOutputTokens == nil, let referenceTokens, referenceTokens < minTokens { return .shortOutput }
    if promptTokens > maxPromptTokens { return .longPrompt }
    let output = fixedOutputTokens ?? referenceTokens ?? 0
    let (total, overflow) = promptTokens.addingReportingOverflow(output)
    return overflow || total > maxTotalTokens ? .longTotal : nil
  }

  /// What a walk over a file gave.
  public struct Sample: Sendable, Equatable {
    /// In the order of the walk; at most `asked`.
    public var requests: [Request]
    public var asked: Int
    /// Distinct requests among `requests`.
    public var accepted: Int
    /// Conversations looked at before the walk stopped.
    public var examined: Int
    public var rejected: [Rejection: Int]
  }

  /// Steps 2 to 6 over the conversations that count.
  /// - Parameter countTokens: ids of a text tokenized alone, special tokens included.
  /// - Throws: only what `countTokens` throws.
  public func sample(_ file: ShareGPTFile, countTokens: (String) throws -> Int) rethrows -> Sample {
    var order = file.conversations
    if minTurns < 2 { order = (order + file.loneTurns).sorted { $0.record < $1.record } }
    var generator = PythonRandom(seed: UInt64(seed))
    generator.shuffle(&order)

    var chosen: [Request] = []
    var timesSeen: [String: Int] = [:]
    var rejected: [Rejection: Int] = [:]
    var examined = 0
    for conversation in order {
      guard chosen.count < requests else { break }
      examined += 1
      let prompt = file.prompt(conversation)
      let reference = file.reference(conversation)
      let promptTokens = try countTokens(prompt)
      let referenceTokens = try reference.map(countTokens)
      if let reason = rejection(promptTokens: promptTokens, referenceTokens: referenceTokens) {
        rejected[reason, default: 0] += 1
        continue
      }
      chosen.append(
        Request(
          id: Self.distinct(file.id(conversation), &timesSeen), prompt: prompt, reference: reference,
          promptTokens: promptTokens, referenceTokens: fixedOutputTokens ?? referenceTokens,
          output: fixedOutputTokens.map { .exactly($0) } ?? .untilEnd,
          meta: ["record": "\(conversation.record)", "turns": "\(conversation.turns)"]))
    }
    let accepted = chosen.count
    if oversample && accepted < requests {
      var generator = PythonRandom(seed: UInt64(seed))
      for index in generator.choices(count: accepted, draws: requests - accepted) {
        var again = chosen[index]
        again.id = Self.distinct(again.id, &timesSeen)
        chosen.append(again)
      }
    }
    return Sample(
      requests: chosen, asked: requests, accepted: accepted, examined: examined, rejected: rejected)
  }

  /// Rows are stored under the id, so a second "a" becomes "a#2".
  static func distinct(_ id: String, _ timesSeen: inout [String: Int]) -> String {
    let times = (timesSeen[id] ?? 0) + 1
    timesSeen[id] = times
    guard times > 1 else { return id }
    return distinct("\(id)#\(times)", &timesSeen)
  }
}
