import KernelABI

/// A cache with two tiers: important tokens in high precision, demoted ones in few bits, none dropped (sheet mikv).
///
/// Slots of the lower tier come first, in the order of demotion. A prompt is held exactly until it is complete.
final class TieredStore: LayerStore {
  private let settings: TieredSettings
  private let heads: [TieredHead]
  private let shape: CacheShape
  private var isPromptComplete = false

  init(shape: CacheShape, settings: TieredSettings, kernels: KernelTable) {
    self.shape = shape
    self.settings = settings
    heads = (0..<shape.kvHeads).map { _ in TieredHead(shape, settings, kernels) }
  }

  func count(head: Int) -> Int { heads[head].count }
  func demotedCount(head: Int) -> Int { heads[head].lower.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].append(keys: keys, values: values, stride: stride, tokens: tokens, packs: isPromptComplete)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    heads[head].scores(queries, rows: rows, tokens: tokens, out, outStride: outStride)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    heads[head].accumulate(weights, weightStride: weightStride, rows: rows, tokens: tokens, acc)
  }

  func observeQueryMaxima(head: Int, _ maxima: UnsafePointer<Float>) { heads[head].setBalance(queryMaxima: maxima) }
  func demote(head: Int, keeping slots: [Int]) { heads[head].demote(keeping: slots) }
  func demote(head: Int, slot: Int) { heads[head].demote(slot: slot) }

  func keep(head: Int, slots: [Int]) { heads[head].exact.keep(slots) }
  func remove(head: Int, slot: Int) { heads[head].exact.remove(slot) }
  var removesTokens: Bool { false }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() {}

  /// Heads are packed at the same time; a step's token has been packed as it came.
  func packingTasks(_ moment: PackingMoment) -> Int { moment == .promptComplete ? heads.count : 0 }
  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) { heads[task].packPrompt() }
  func finishPacking(_ moment: PackingMoment) { isPromptComplete = true }

  var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }
  func takePeakBytes() -> Int { heads.reduce(0) { $0 + $1.takePeakBytes() } }

  func storedBits(head: Int) -> [StoredBits] {
    let head = heads[head]
    let low = Double(head.lower.bits)
    let high = Double(head.exact.keys.count > 0 ? shape.element.bytes * 8 : head.packed?.bits ?? 16)
    return Array(repeating: StoredBits(key: low, value: low), count: head.lower.count)
      + Array(repeating: StoredBits(key: high, value: high), count: head.upperCount)
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[head]
    return decodeRows(head.count, shape.headDim, head.readKey, head.readValue)
  }
}
