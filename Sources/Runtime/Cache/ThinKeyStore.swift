import KernelABI

/// ThinK's cache: keys of the prompt without the channels that its last queries care least for; the newest ones, what comes
/// later and all values exactly (sheet think).
final class ThinKeyStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let settings: ThinKeySettings
  private let heads: [ThinKeyHead]
  /// The prompt's last queries, from when it is complete until keys are thinned.
  private var window: PromptWindow?
  private var before = 0
  private var transientBytes = 0

  init(shape: CacheShape, settings: ThinKeySettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.settings = settings
    heads = (0..<shape.kvHeads).map { _ in ThinKeyHead(shape) }
  }

  func count(head: Int) -> Int { heads[head].thin.count + heads[head].exact.keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].exact.keys.append(keys, stride: stride, tokens: tokens)
    heads[head].exact.values.append(values, stride: stride, tokens: tokens)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let head = heads[head]
    let boundary = head.thin.count
    guard boundary > 0 else {
      let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
      return kernels.keyScores(head.exact.keys.rows, blocks, queries, rows, out, outStride)
    }
    let thin = tokens.clamped(to: 0..<boundary)
    if !thin.isEmpty {
      head.withKeptChannels(queries, rows: rows) {
        kernels.keyScores(
          head.thin.rows, thin.lowerBound / 16..<(thin.upperBound + 15) / 16, $0, rows, out, outStride)
      }
    }
    let exact = max(tokens.lowerBound, boundary)..<max(tokens.upperBound, boundary)
    head.exact.scores(
      queries, rows: rows, tokens: exact.lowerBound - boundary..<exact.upperBound - boundary,
      out + exact.lowerBound - tokens.lowerBound, outStride: outStride, kernels)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    kernels.accumulateValues(heads[head].exact.values.rows, tokens, weights, weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { heads[head].exact.keep(slots) }
  /// Of a prompt that streams; never called after it, since `removesTokens` is false.
  func remove(head: Int, slot: Int) { heads[head].exact.remove(slot) }
  var removesTokens: Bool { false }

  func observePrompt(_ window: PromptWindow?) { self.window = window }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() {}

  func packingTasks(_ moment: PackingMoment) -> Int {
    guard moment == .promptComplete else { return 0 }
    before = bytes.held
    return heads.count
  }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    guard let window, window.count > 0 else { return }
    let head = heads[task]
    let removed = Int(Double(shape.headDim) * settings.ratio)
    let tokens = head.exact.keys.count - settings.recent
    guard removed > 0, tokens > 0, head.thin.count == 0 else { return }
    let scores = head.channelScores(window.queries(head: task, shape: shape))
    head.thin(tokens, keeping: ThinKeySettings.kept(scores, removing: removed))
  }

  func finishPacking(_ moment: PackingMoment) {
    window = nil
    transientBytes = max(transientBytes, before + bytes.held)
  }

  var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }

  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  /// The channels that a head keeps of its thinned keys, ascending; all of them while none is thinned.
  func keptChannels(head: Int) -> [Int] { heads[head].keptChannels }

  func storedBits(head: Int) -> [StoredBits] {
    let own = heads[head]
    let exact = Double(shape.element.bytes * 8)
    return Self.storedBits(
      packed: (own.thin.count, 0), mean: (exact * Double(own.keptChannels.count) / Double(shape.headDim), exact),
      exact: shape.element, count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[head]
    let boundary = head.thin.count
    return decodeRows(
      count(head: heads.firstIndex { $0 === head } ?? 0), shape.headDim,
      { $0 < boundary ? head.readThin($0, into: $1) : head.exact.keys.read($0 - boundary, into: $1) },
      head.exact.values.read)
  }
}

/// The settings of ThinK.
public struct ThinKeySettings: Equatable, Sendable {
  /// Share of the key channels removed.
  public let ratio: Double
  /// Queries of the prompt's end that channels are weighed by.
  public let window: Int
  /// Newest tokens of the prompt left at full width.
  public let recent: Int

  public init(ratio: Double, window: Int, recent: Int) {
    self.ratio = ratio
    self.window = window
    self.recent = recent
  }

  /// The channels that stay, ascending, when the `removing` of the smallest scores go; of equal ones the first go first.
  public static func kept(_ scores: [Float], removing: Int) -> [Int] {
    let ranked = scores.indices.sorted { scores[$0] != scores[$1] ? scores[$0] < scores[$1] : $0 < $1 }
    return ranked.dropFirst(removing).sorted()
  }
}

/// One head of ThinK's cache.
private final class ThinKeyHead {
  /// Keys of the kept channels alone.
  private(set) var thin: ExactKeys
  /// A byte a channel, 1 where it is kept; empty while nothing is thinned.
  private var mask: [UInt8] = []
  /// Keys at full width after the thin ones, and the values of all tokens.
  let exact: ExactHead
  private let headDim: Int

  init(_ shape: CacheShape) {
    headDim = shape.headDim
    thin = ExactKeys(headDim: shape.headDim, element: shape.element)
    exact = ExactHead(shape)
  }

  var keptChannels: [Int] { mask.isEmpty ? Array(0..<headDim) : mask.indices.filter { mask[$0] == 1 } }

  /// Mean square of the group's queries [count, headDim] times that of all keys, channel by channel.
  func channelScores(_ queries: [Float]) -> [Float] {
    var ofQueries = [Float](repeating: 0, count: headDim)
    for (index, x) in queries.enumerated() { ofQueries[index % headDim] += x * x }
    let tokens = exact.keys.count
    var ofKeys = [Float](repeating: 0, count: headDim)
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      guard let row = row.baseAddress else { return }
      for token in 0..<tokens {
        exact.keys.read(token, into: row)
        for channel in 0..<headDim { ofKeys[channel] += row[channel] * row[channel] }
      }
    }
    let rows = Float(max(1, queries.count / headDim))
    return (0..<headDim).map { ofQueries[$0] / rows * (ofKeys[$0] / Float(max(1, tokens))) }
  }

  /// Leaves the first `tokens` keys with the given channels.
  func thin(_ tokens: Int, keeping channels: [Int]) {
    mask = [UInt8](repeating: 0, count: headDim)
    for channel in channels { mask[channel] = 1 }
    var kept = ExactKeys(headDim: channels.count, element: exact.keys.element)
    withKernelScratch(of: Float.self, capacity: 2 * headDim) { area in
      guard let row = area.baseAddress else { return }
      for token in 0..<tokens {
        exact.keys.read(token, into: row)
        for (index, channel) in channels.enumerated() { row[headDim + index] = row[channel] }
        kept.append(row + headDim, stride: channels.count, tokens: 1)
      }
    }
    thin = kept
    exact.dropKeys(tokens)
  }

  /// Calls `body` with the kept channels of queries, [rows, kept].
  func withKeptChannels(_ queries: UnsafePointer<Float>, rows: Int, _ body: (UnsafePointer<Float>) -> Void) {
    withKernelScratch(of: Float.self, capacity: rows * headDim) { area in
      guard let kept = area.baseAddress else { return }
      var next = 0
      for row in 0..<rows {
        for channel in 0..<headDim where mask[channel] == 1 {
          kept[next] = queries[row * headDim + channel]
          next += 1
        }
      }
      body(kept)
    }
  }

  func readThin(_ token: Int, into row: UnsafeMutablePointer<Float>) {
    withKernelScratch(of: Float.self, capacity: thin.headDim) { area in
      guard let kept = area.baseAddress else { return }
      thin.read(token, into: kept)
      var next = 0
      for channel in 0..<headDim {
        row[channel] = mask[channel] == 1 ? kept[next] : 0
        next += Int(mask[channel])
      }
    }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    let element = exact.keys.element.bytes
    total.payload =
      (thin.count * thin.headDim + exact.keys.count * headDim + exact.values.count * headDim) * element
    total.metadata = mask.count
    total.slack = thin.slackBytes + exact.keys.slackBytes
    return total
  }
}
