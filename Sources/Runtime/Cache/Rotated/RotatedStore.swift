import KernelABI

/// The settings of QuaRot's cache.
public struct RotatedSettings: Equatable, Sendable {
  public let keyBits: Int
  public let valueBits: Int
  /// Channels that share a scale; nil for all of a head.
  public let group: Int?
  public let clip: Double
  public let symmetric: Bool
  /// Whether vectors are rotated before they are quantised.
  public let rotates: Bool
  /// Whether the prompt attends to codes too, and not only what comes after it.
  public let quantisesPrompt: Bool

  public init(
    keyBits: Int, valueBits: Int, group: Int?, clip: Double, symmetric: Bool, rotates: Bool, quantisesPrompt: Bool
  ) {
    self.keyBits = keyBits
    self.valueBits = valueBits
    self.group = group
    self.clip = clip
    self.symmetric = symmetric
    self.rotates = rotates
    self.quantisesPrompt = quantisesPrompt
  }
}

/// QuaRot's cache: every key and value rotated by a Hadamard matrix and packed on its own, a scale a token and head
/// (sheet quarot). Queries are rotated as they come, sums of values back as they go.
///
/// A prompt is held exactly until it is complete; after that each token is packed before it is attended.
final class RotatedStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let heads: [RotatedHead]
  private var packsAtOnce: Bool
  private var before = 0
  private var transientBytes = 0

  init(shape: CacheShape, settings: RotatedSettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    packsAtOnce = settings.quantisesPrompt
    heads = (0..<shape.kvHeads).map { _ in RotatedHead(shape, settings, kernels) }
  }

  func count(head: Int) -> Int { heads[head].count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    if packsAtOnce {
      heads[head].pack(keys: keys, values: values, stride: stride, tokens: tokens)
    } else {
      heads[head].exact.keys.append(keys, stride: stride, tokens: tokens)
      heads[head].exact.values.append(values, stride: stride, tokens: tokens)
    }
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let head = heads[head]
    guard head.keys.count > 0 else {
      let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
      return kernels.keyScores(head.exact.keys.rows, blocks, queries, rows, out, outStride)
    }
    head.withRotated(queries, rows: rows) {
      head.keys.scores($0, rows: rows, tokens: tokens, out, outStride: outStride, kernels)
    }
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let head = heads[head]
    guard head.values.count > 0 else {
      return kernels.accumulateValues(head.exact.values.rows, tokens, weights, weightStride, rows, acc)
    }
    head.addRotatedBack(to: acc, rows: rows) {
      head.values.accumulate(weights, weightStride: weightStride, rows: rows, tokens: tokens, $0, kernels)
    }
  }

  func keep(head: Int, slots: [Int]) { heads[head].keep(slots) }
  func remove(head: Int, slot: Int) { heads[head].remove(slot) }
  var removesTokens: Bool { true }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() {}

  /// Heads are packed at the same time; a step's token has been packed as it came.
  func packingTasks(_ moment: PackingMoment) -> Int {
    guard moment == .promptComplete else { return 0 }
    before = bytes.held
    return heads.count
  }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) { heads[task].packPrompt() }

  func finishPacking(_ moment: PackingMoment) {
    packsAtOnce = true
    transientBytes = max(transientBytes, before + bytes.held)
  }

  var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }

  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func storedBits(head: Int) -> [StoredBits] {
    let own = heads[head]
    return Self.storedBits(
      packed: (own.keys.count, own.values.count), bits: (own.keys.bits, own.values.bits), exact: shape.element,
      count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[head]
    guard head.keys.count > 0 else {
      return decodeRows(head.count, shape.headDim, head.exact.keys.read, head.exact.values.read)
    }
    return decodeRows(
      head.count, shape.headDim, { head.read(head.keys, $0, into: $1) }, { head.read(head.values, $0, into: $1) })
  }
}
