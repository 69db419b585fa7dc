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
  private let buffers: [ExactHead]
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
    buffers = (0..<shape.kvHeads).map { _ in ExactHead(shape) }
  }

  func count(head: Int) -> Int { keys.heads[head].codes.tokens + buffers[head].keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    buffers[head].keys.append(keys, stride: stride, tokens: tokens)
    buffers[head].values.append(values, stride: stride, tokens: tokens)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let own = keys.heads[head]
    let codes = own.codes
    let packed = tokens.clamped(to: 0..<codes.tokens)
    if !packed.isEmpty {
      // A step reads little of each part: what follows would wait for memory otherwise. The prompt's rows are many.
      if rows <= 8, packed.count <= OutlierRun.mostTokens {
        let next = values.heads[head]
        own.outliers.prefetch(packed)
        next.outliers.prefetch(packed)
        codes.scores(queries, rows: rows, tokens: packed, out, outStride: outStride, next: next.codes, kernels)
      } else {
        codes.scores(queries, rows: rows, tokens: packed, out, outStride: outStride, kernels)
      }
      own.outliers.addScores(
        queries, rows: rows, tokens: packed, out, outStride: outStride, .constant(codes.quantiser.minimum), kernels)
      own.lowRank.addScores(queries, rows: rows, tokens: packed, out, outStride: outStride, kernels)
    }
    let exact = max(tokens.lowerBound, codes.tokens)..<max(tokens.upperBound, codes.tokens)
    buffers[head].scores(
      queries, rows: rows, tokens: exact.lowerBound - codes.tokens..<exact.upperBound - codes.tokens,
      out + exact.lowerBound - tokens.lowerBound, outStride: outStride, kernels)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let own = values.heads[head]
    let codes = own.codes
    let packed = tokens.clamped(to: 0..<codes.tokens)
    if !packed.isEmpty {
      codes.accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
      own.outliers.accumulate(
        weights, weightStride: weightStride, rows: rows, tokens: packed, acc, .constant(codes.quantiser.minimum),
        kernels)
      own.lowRank.accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
    }
    let exact = max(tokens.lowerBound, codes.tokens)..<max(tokens.upperBound, codes.tokens)
    guard !exact.isEmpty else { return }
    kernels.accumulateValues(
      buffers[head].values.rows, exact.lowerBound - codes.tokens..<exact.upperBound - codes.tokens,
      weights + exact.lowerBound - tokens.lowerBound, weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { buffers[head].keep(slots) }
  /// Never called, since `removesTokens` is false.
  func remove(head: Int, slot: Int) {}
  var removesTokens: Bool { false }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() { pack(.stepComplete) }

  /// Keys are one task, values another.
  func packingTasks(_ moment: PackingMoment) -> Int {
    let due = moment == .promptComplete ? 1 : settings.interval
    guard buffers.contains(where: { $0.keys.count >= max(1, due) }) else { return 0 }
    before = bytes
    return 2
  }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    if task == 0 {
      compress(.keys, keys, buffers.map(\.keys.count), scratch) { buffers[$0].keyRows($1, into: $2, kernels) }
      for buffer in buffers { buffer.releaseKeys() }
    } else {
      compress(.values, values, buffers.map(\.values.count), scratch) { buffers[$0].valueRows($1, into: $2, kernels) }
      for buffer in buffers { buffer.releaseValues() }
    }
  }

  /// Both tensors may be compressed at once: beside what is held before, the new corrections and what is worked in; codes
  /// take the place of the old ones.
  func finishPacking(_ moment: PackingMoment) {
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
    for buffer in buffers { total += buffer.tailBytes }
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
      { $0 < packed ? keys.read(head: head, $0, into: $1) : buffers[head].keys.read($0 - packed, into: $1) },
      { $0 < packed ? values.read(head: head, $0, into: $1) : buffers[head].values.read($0 - packed, into: $1) })
  }
}
