/// CORM's rule: a token stays while at least one of the last `window` queries found it worth more than an even share of
/// the text (sheet corm). There is no budget; heads hold what their text asks for.
struct RecentMarks: KeepPolicy {
  enum Base: String, Sendable {
    /// An even share of all tokens seen.
    case position
    /// An even share of the tokens held.
    case cache
  }

  let window: Int
  let recent: Int
  let base: Base
  let gqa: GroupRule
  /// Most tokens a head holds, the least marked leaving first; nil for no limit.
  let cap: Budget?

  var needs: AttentionNeeds { AttentionNeeds(stepWeights: true, stepRule: gqa, windowQueries: window) }
  var removesWhileDecoding: Bool { true }
  var sharesSlots: Bool { false }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState { RecentMarksState(policy: self, shape: shape) }

  /// Without a cap nothing is promised.
  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int {
    cap.map { min(tokens, max(recent, $0.tokens(prompt: prompt, shape: shape)) + 1) } ?? tokens
  }
}

private final class RecentMarksState: KeepState {
  let policy: RecentMarks
  let shape: CacheShape
  let heads: [MarkedHead]

  init(policy: RecentMarks, shape: CacheShape) {
    self.policy = policy
    self.shape = shape
    heads = (0..<shape.kvHeads).map { _ in MarkedHead(window: policy.window) }
  }

  func scorePrompt(_ view: HeadView) throws {
    let head = heads[view.head]
    head.cap = policy.cap?.tokens(prompt: view.seenTokens, shape: shape, metadataBytes: 4 + policy.window / 8)
    head.begin(slots: view.count)
    let group = shape.groupHeads
    var row = [Float](repeating: 0, count: view.count)
    let first = view.seenTokens - min(policy.window, view.seenTokens)
    view.windowWeights(head: view.head) { token, groupHead, weights in
      for slot in row.indices {
        switch policy.gqa {
        case .max: row[slot] = groupHead == 0 ? weights[slot] : max(row[slot], weights[slot])
        case .mean, .sum: row[slot] = (groupHead == 0 ? 0 : row[slot]) + weights[slot]
        }
      }
      guard groupHead == group - 1 else { return }
      if policy.gqa == .mean { for slot in row.indices { row[slot] /= Float(group) } }
      // Of a prompt, as many keys are held as have been seen.
      row.withUnsafeBufferPointer { head.mark($0, share: first + token + 1) }
    }
    head.seen = view.seenTokens
  }

  func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? {
    let leaving = heads[head].leaving(view, recent: policy.recent)
    guard !leaving.isEmpty else { return nil }
    var stays = [Bool](repeating: true, count: view.count)
    for slot in leaving { stays[slot] = false }
    let kept = stays.indices.filter { stays[$0] }
    heads[head].keep(kept)
    return kept
  }

  func ranking(_ view: HeadView) -> TokenRanking? {
    TokenRanking(scores: heads[view.head].counts.map(Float.init), recent: policy.recent)
  }

  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {
    let state = heads[head]
    state.seen += 1
    state.append(slots: count)
    state.mark(
      UnsafeBufferPointer(start: weights, count: count), share: policy.base == .position ? state.seen : count)
    state.pending = nil
  }

  func slotToDrop(head: Int, _ view: HeadView) throws -> Int? {
    let state = heads[head]
    if state.pending == nil { state.pending = state.leaving(view, recent: policy.recent) }
    guard let slot = state.pending?.popLast() else { return nil }
    state.remove(slot)
    return slot
  }

  var metadataBytes: Int { heads.reduce(0) { $0 + $1.bytes } }
}

/// The marks of one head: `window` bits a slot, a bit a query.
private final class MarkedHead {
  private let window: Int
  private let words: Int
  private var marks: [UInt64] = []  // [slots, words]
  private var rows = 0
  /// Tokens of the text read.
  var seen = 0
  var cap: Int?
  /// Slots that leave after this step, ascending, taken from the end; nil before they are looked for.
  var pending: [Int]?

  init(window: Int) {
    self.window = window
    words = (window + 63) / 64
  }

  var bytes: Int { marks.count * 8 }

  /// How many of the last queries marked each slot.
  var counts: [Int] {
    stride(from: 0, to: marks.count, by: words).map { slot in
      marks[slot..<slot + words].reduce(0) { $0 + $1.nonzeroBitCount }
    }
  }

  func begin(slots: Int) {
    marks = [UInt64](repeating: 0, count: slots * words)
    rows = 0
  }

  func append(slots: Int) {
    let missing = slots * words - marks.count
    if missing > 0 { marks.append(contentsOf: repeatElement(0, count: missing)) }
  }

  /// One query's row: a slot is marked if its weight is at least an even share, a little rounding granted.
  func mark(_ weights: UnsafeBufferPointer<Float>, share tokens: Int) {
    let least = (1 - 1e-6) / Float(tokens)
    let (word, bit) = (rows % window / 64, UInt64(1) << UInt64(rows % window % 64))
    for slot in 0..<min(weights.count, marks.count / words) {
      if weights[slot] >= least { marks[slot * words + word] |= bit } else { marks[slot * words + word] &= ~bit }
    }
    rows += 1
  }

  private func count(_ slot: Int) -> Int {
    marks[slot * words..<(slot + 1) * words].reduce(0) { $0 + $1.nonzeroBitCount }
  }

  /// Slots that no query of a full window marked and that are not recent, then the least marked beyond the cap; ascending.
  func leaving(_ view: HeadView, recent: Int) -> [Int] {
    guard rows >= window else { return [] }
    let oldest = view.seenTokens - recent
    let positions = view.positions
    let candidates = positions.indices.filter { Int(positions[$0]) < oldest }
    var leaving = candidates.filter { count($0) == 0 }
    if let cap, view.count - leaving.count > cap {
      let marked = candidates.filter { count($0) > 0 }.sorted { a, b in
        let (marksA, marksB) = (count(a), count(b))
        return marksA != marksB ? marksA < marksB : positions[a] > positions[b]
      }
      leaving += marked.prefix(view.count - leaving.count - cap)
      leaving.sort()
    }
    return leaving
  }

  func keep(_ slots: [Int]) { marks = slots.flatMap { marks[$0 * words..<($0 + 1) * words] } }

  /// The last slot moves into the place of the one that leaves.
  func remove(_ slot: Int) {
    let last = marks.count / words - 1
    for word in 0..<words { marks[slot * words + word] = marks[last * words + word] }
    marks.removeLast(words)
  }
}
