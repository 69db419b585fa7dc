/// A text that loses its foreseeable tokens segment by segment, each judged behind what is left of the ones before it.
///
/// LLMLingua's iterative token-level compression (sheet llmlingua, step 4; the package's iterative_compress_prompt).
/// Losses before the first token that left stay what they are, so only what follows it goes through the model again.
struct SurpriseIteration {
  private(set) var ids: [Int32]
  /// -ln p of each token but the first; element i is token i + 1's.
  private(set) var losses: [Double] = []
  private let model: PromptModel
  private let cache: SequenceCache
  /// First tokens of `ids` that the cache holds as they are.
  private var known = 0

  init(_ ids: [Int32], _ model: PromptModel) throws {
    self.ids = ids
    self.model = model
    cache = try model.makeCache()
    losses = try model.losses(of: ids[...], on: cache)
    known = ids.count
  }

  /// The threshold above which a token is kept: of all losses, the one of rank int(count * share) - 1 from the top.
  static func threshold(_ losses: [Double], share: Double) -> Double {
    guard share < 1, !losses.isEmpty else { return -.infinity }
    let rank = min(max(Int(Double(losses.count) * share) - 1, 0), losses.count - 1)
    return losses.sorted(by: >)[rank]
  }

  /// Brings losses `first ..< end - 1` up to date.
  mutating func refresh(from first: Int, to end: Int) throws {
    // The last known token's loss is right, what it foretells is not.
    let start = max(first, known - 1)
    guard start < end - 1 else { return }
    // Tokens before `first` keep their losses, but what follows is to see them as they now stand.
    let fed = max(0, min(start, known))
    model.cut(cache, to: fed)
    let renewed = try model.losses(of: ids[fed..<end], on: cache).dropFirst(start - fed)
    losses.replaceSubrange(start..<end - 1, with: renewed)
    known = end
  }

  /// Drops the tokens that are not marked; returns how many of the first `end` ones left.
  ///
  /// - Parameter marks: for each loss, whether it stays: the mark of the token it has judged.
  private mutating func drop(unless isKept: [Bool], countedTo end: Int, marks: ArraySlice<Bool>) -> Int {
    if let first = isKept.firstIndex(of: false) { known = min(known, first) }
    let dropped = isKept[..<end].count { !$0 }
    losses = zip(losses, marks).filter(\.1).map(\.0)
    ids = zip(ids, isKept).filter(\.1).map(\.0)
    return dropped
  }

  /// As the paper says it: each segment of `segment` tokens, the last one too, is judged by its own tokens' losses.
  ///
  /// The first token, whose loss nothing tells, and the last one stay.
  mutating func compressByPaper(segment: Int, share: Double) throws {
    var done = 0
    while done < ids.count {
      let end = min(ids.count, done + segment)
      try refresh(from: max(0, done - 1), to: end)
      let threshold = Self.threshold(losses, share: share)
      var isKept = [Bool](repeating: true, count: ids.count)
      for token in max(1, done)..<end where token < ids.count - 1 { isKept[token] = losses[token - 1] > threshold }
      done = end - drop(unless: isKept, countedTo: end, marks: isKept.dropFirst())
    }
  }

  /// As the package does it, to the token: token i is judged by the loss of token i + 1, and what is left behind the
  /// last whole segment stays.
  ///
  /// - Parameter plan: for each segment, its parts: so many tokens at such a share.
  mutating func compressByCode(segment: Int, plan: [[(tokens: Int, share: Double)]]) throws {
    var end = min(segment, ids.count)
    // What is left of the segments before the last one.
    var done = 0
    for (index, parts) in plan.enumerated() {
      guard end <= ids.count, !losses.isEmpty else { return }
      if index > 0 { try refresh(from: max(0, done), to: end) }
      done = end - segment
      for part in parts {
        let stop = end - segment + part.tokens
        let threshold = Self.threshold(losses, share: part.share)
        var isKept = losses.map { $0 > threshold } + [losses[0] > 0]
        // Both ends as Python takes a slice's: a text shorter than a segment makes them negative.
        let first = Self.place(stop - part.tokens, of: ids.count)
        let last = Self.place(stop, of: ids.count)
        for token in isKept.indices where token < first || token >= last { isKept[token] = true }
        end = stop - drop(unless: isKept, countedTo: last, marks: isKept[...]) + segment
      }
    }
  }

  private static func place(_ index: Int, of count: Int) -> Int {
    index < 0 ? max(0, count + index) : min(index, count)
  }

  /// The package's division of contexts into segments (get_dynamic_compression_ratio): lengths count two tokens more,
  /// and the first segment is one token short.
  static func plan(lengths: [Int], segment: Int, share: Double) -> [[(tokens: Int, share: Double)]] {
    var plan: [[(tokens: Int, share: Double)]] = []
    var parts: [(tokens: Int, share: Double)] = []
    var filled = 1
    for length in lengths.map({ $0 + 2 }) {
      guard filled + length >= segment else {
        filled += length
        parts.append((length, share))
        continue
      }
      parts.append((segment - filled, share))
      plan.append(parts)
      filled += length - segment
      if filled > segment {
        plan += Array(repeating: [(segment, share)], count: filled / segment)
        filled %= segment
      }
      parts = filled > 0 ? [(filled, share)] : []
    }
    return parts.isEmpty ? plan : plan + [parts]
  }
}
