/// Keeps the prompt tokens that the model itself hardly foresees (sheet llmlingua).
///
/// The prompt's text is an instruction, contexts and a question, paragraphs all of them; only contexts lose anything.
struct SurpriseFilter: PromptRewriter {
  enum Alignment: String, Sendable {
    /// A token is judged by the loss of the next one, and segments are cut as the package's slices fall.
    case code
    /// A token is judged by its own loss.
    case paper
  }

  /// A share of instruction, contexts and question together, or tokens of the contexts alone.
  let budget: Budget
  /// Tokens judged together.
  let segment: Int
  let alignment: Alignment
  /// Whether whole paragraphs leave first.
  let isCoarse: Bool
  /// Tokens that whole paragraphs may exceed the target by.
  let slack: Int
  /// Paragraphs at the start and at the end that stay as they are.
  let instruction: Int
  let question: Int

  func check(shape: CacheShape) throws {}

  /// The rule is a rank among losses, of which a text may have any number above: no less than all is certain.
  func mostTokens(prompt: Int, shape: CacheShape) -> Int { prompt }

  func needs(prompt: Int, shape: CacheShape) -> RewritingNeeds {
    RewritingNeeds(
      cacheBytes: shape.layers * Slots.exactBytes(max(prompt, PromptModel.togetherTokens), shape),
      logitRows: PromptModel.logitRows)
  }

  func rewrite(_ prompt: Prompt, asking model: PromptModel) throws -> [Int32] {
    let ids = prompt.ids
    let paragraphs = Paragraphs(ids, in: prompt.text) { model.tokenizer?.tokenBytes($0) }.all
    let contexts = Array(paragraphs.dropFirst(instruction).dropLast(question))
    guard let first = contexts.first, let last = contexts.last else { return ids }
    // One context is the text as it is; the blank line before a question is the question's.
    let end = isCoarse || question > 0 ? last.body.upperBound : last.whole.upperBound
    let stretch = first.whole.lowerBound..<end
    let parts = isCoarse ? contexts.map(\.body) : [stretch]
    let lengths = parts.map(\.count)
    let fixed = paragraphs.reduce(0) { $0 + $1.body.count } - contexts.reduce(0) { $0 + $1.body.count }
    let target = target(fixed: fixed, contexts: lengths.reduce(0, +), shape: model.shape)
    guard target < Double(lengths.reduce(0, +)) else { return ids }
    var kept = Array(parts.indices)
    if parts.count > 1 {
      kept = Self.coarse(
        lengths: lengths, losses: try model.meanLosses(of: parts.map { Array(ids[$0]) }), target: target, slack: slack)
    }
    // A paragraph brings the blank line behind it along, but for the last one.
    let joined = kept.flatMap { index in
      ids[index == kept.last ? parts[index] : isCoarse ? contexts[index].whole : parts[index]]
    }
    var iteration = try SurpriseIteration(joined, model)
    let share = Self.share(target: target, lengths: kept.map { lengths[$0] })
    switch alignment {
    case .paper: try iteration.compressByPaper(segment: segment, share: share)
    case .code:
      try iteration.compressByCode(
        segment: segment,
        plan: SurpriseIteration.plan(lengths: kept.map { lengths[$0] }, segment: segment, share: share))
    }
    return ids[..<stretch.lowerBound] + iteration.ids + ids[stretch.upperBound...]
  }

  /// Tokens that the contexts are to have.
  func target(fixed: Int, contexts: Int, shape: CacheShape) -> Double {
    if case .share(let share) = budget { return Double(fixed + contexts) * share - Double(fixed) }
    return Double(budget.tokens(prompt: contexts, shape: shape))
  }

  /// The share of each segment: the package counts two tokens more a context, and one more in all.
  static func share(target: Double, lengths: [Int]) -> Double {
    min(max(target / Double(lengths.reduce(1) { $0 + $1 + 2 }), 0), 1)
  }

  /// Contexts that stay, ascending: the least foreseeable first, up to and with the one that exceeds the target.
  static func coarse(lengths: [Int], losses: [Double], target: Double, slack: Int) -> [Int] {
    var left = (target < 0 ? 100 : target) + Double(slack)
    var kept: [Int] = []
    for index in lengths.indices.sorted(by: { losses[$0] != losses[$1] ? losses[$0] > losses[$1] : $0 < $1 }) {
      left -= Double(lengths[index])
      kept.append(index)
      if left < 0 { break }
    }
    return kept.sorted()
  }
}
