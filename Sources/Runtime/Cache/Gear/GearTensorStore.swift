import KernelABI

/// GEAR's variant A: the whole of a layer's keys, and of its values, compressed as one tensor; new tokens wait exactly.
///
/// Every `interval` decode tokens the reconstruction and the buffer are compressed again from scratch, so that errors
/// add up as they do in the authors' code (sheet gear, step 5).
final class GearTensorStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let settings: GearTensorSettings
  private let layer: Int
  private let keys: GearTensor
  private let values: GearTensor
  private let buffers: HeldObjects<ExactHead>
  private let readings: AlignedBuffer<GearReading>  // [kvHeads]
  /// What was held when packing began.
  private var before = ByteCount()
  private var transientBytes = 0

  init(shape: CacheShape, layer: Int, settings: GearTensorSettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.settings = settings
    self.layer = layer
    keys = GearTensor(.keys, heads: shape.kvHeads, headDim: shape.headDim, settings: settings, kernels: kernels)
    values = GearTensor(.values, heads: shape.kvHeads, headDim: shape.headDim, settings: settings, kernels: kernels)
    buffers = HeldObjects((0..<shape.kvHeads).map { _ in ExactHead(shape) })
    readings = AlignedBuffer(count: shape.kvHeads)
    for head in buffers.indices { note(head) }
  }

  /// Notes where a head's parts lie now; after whatever appends or compresses.
  private func note(_ head: Int) {
    readings.base[head] = GearReading(keys: keys.heads[head], values: values.heads[head], buffer: buffers.objects[head])
  }

  func count(head: Int) -> Int { readings.base[head].packed + readings.base[head].exact }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    buffers[head].with {
      $0.keys.append(keys, stride: stride, tokens: tokens)
      $0.values.append(values, stride: stride, tokens: tokens)
      readings.base[head].note($0)
    }
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    readings.base[head].scores(queries, rows: rows, tokens: tokens, out, outStride: outStride, kernels)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    readings.base[head].accumulate(weights, weightStride: weightStride, rows: rows, tokens: tokens, acc, kernels)
  }

  func keep(head: Int, slots: [Int]) {
    buffers[head].with { $0.keep(slots) }
    note(head)
  }
  /// Never called, since `removesTokens` is false.
  func remove(head: Int, slot: Int) {}
  var removesTokens: Bool { false }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() { pack(.stepComplete) }

  /// Keys are one task, values another.
  func packingTasks(_ moment: PackingMoment) -> Int {
    let due = moment == .promptComplete ? 1 : settings.interval
    guard buffers.contains({ $0.keys.count >= max(1, due) }) else { return 0 }
    before = bytes
    return 2
  }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    if task == 0 {
      compress(.keys, keys, buffers.objects.map(\.keys.count), scratch) {
        buffers.objects[$0].keyRows($1, into: $2, kernels)
      }
      buffers.each { $0.releaseKeys() }
    } else {
      compress(.values, values, buffers.objects.map(\.values.count), scratch) {
        buffers.objects[$0].valueRows($1, into: $2, kernels)
      }
      buffers.each { $0.releaseValues() }
    }
  }

  /// Both tensors may be compressed at once: beside what is held before, the new corrections and what is worked in; codes
  /// take the place of the old ones.
  func finishPacking(_ moment: PackingMoment) {
    buffers.indices.forEach(note)
    let after = bytes
    let added = after.held - min(before.payload, after.payload)
    transientBytes = max(transientBytes, before.held + added + keys.workBytes + values.workBytes)
  }

  private func compress(
    _ side: UniformCodes.Side, _ tensor: GearTensor, _ added: [Int], _ scratch: PackingScratch,
    exact: OutlierSearch.Reader
  ) {
    let counts = added.indices.map { tensor.heads[$0].codes.tokens + added[$0] }
    let stream = GearStream(layer: layer, side: side, head: 0, token: counts.max() ?? 0)
    tensor.compress(counts, scratch) { rank in
      PowerIteration.start(
        columns: shape.kvHeads * shape.headDim, rank: rank, seed: settings.seed, stream: stream.number)
    } exact: {
      exact($0, $1, $2)
    }
  }

  var bytes: ByteCount {
    var total = keys.bytes + values.bytes
    buffers.each { total += $0.tailBytes }
    return total
  }

  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func storedBits(head: Int) -> [StoredBits] {
    Self.storedBits(
      packed: (keys.heads[head].codes.tokens, values.heads[head].codes.tokens), bits: (settings.bits, settings.bits),
      exact: shape.element, count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let packed = keys.heads[head].codes.tokens
    return decodeRows(
      count(head: head), shape.headDim,
      { $0 < packed ? keys.read(head: head, $0, into: $1) : buffers.objects[head].keys.read($0 - packed, into: $1) },
      { $0 < packed ? values.read(head: head, $0, into: $1) : buffers.objects[head].values.read($0 - packed, into: $1) }
    )
  }
}
