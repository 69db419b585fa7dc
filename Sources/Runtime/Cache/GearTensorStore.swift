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
  private var keys: GearTensor
  private var values: GearTensor
  private let buffers: [ExactHead]
  private var transientBytes = 0

  init(shape: CacheShape, layer: Int, settings: GearTensorSettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.settings = settings
    self.layer = layer
    keys = GearTensor(.keys, heads: shape.kvHeads, headDim: shape.headDim, bits: settings.bits)
    values = GearTensor(.values, heads: shape.kvHeads, headDim: shape.headDim, bits: settings.bits)
    buffers = (0..<shape.kvHeads).map { _ in ExactHead(shape) }
  }

  func count(head: Int) -> Int { keys.codes[head].tokens + buffers[head].keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    buffers[head].keys.append(keys, stride: stride, tokens: tokens)
    buffers[head].values.append(values, stride: stride, tokens: tokens)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let codes = keys.codes[head]
    let packed = tokens.clamped(to: 0..<codes.tokens)
    if !packed.isEmpty {
      codes.scores(queries, rows: rows, tokens: packed, out, outStride: outStride, kernels)
      keys.outliers[head].addScores(queries, rows: rows, tokens: packed, out, outStride: outStride, codes.restored)
      keys.lowRank[head].addScores(queries, rows: rows, tokens: packed, out, outStride: outStride, kernels)
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
    let codes = values.codes[head]
    let packed = tokens.clamped(to: 0..<codes.tokens)
    if !packed.isEmpty {
      codes.accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
      values.outliers[head].accumulate(
        weights, weightStride: weightStride, rows: rows, tokens: packed, acc, codes.restored)
      values.lowRank[head].accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
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

  func finishPrefill() { compress() }

  func finishStep() {
    guard buffers.contains(where: { $0.keys.count >= settings.interval }) else { return }
    compress()
  }

  private func compress() {
    guard buffers.contains(where: { $0.keys.count > 0 }) else { return }
    keys = compressed(.keys, keys) { $0.keys.read($1, into: $2) }
    for buffer in buffers { buffer.releaseKeys() }
    values = compressed(.values, values) { $0.values.read($1, into: $2) }
    for buffer in buffers { buffer.releaseValues() }
  }

  /// The reconstruction of `old` and the exact tokens after it as one new tensor.
  private func compressed(
    _ side: UniformCodes.Side, _ old: GearTensor,
    exact: (ExactHead, Int, UnsafeMutablePointer<Float>) -> Void
  ) -> GearTensor {
    let counts = buffers.indices.map { head in
      old.codes[head].tokens + (side == .keys ? buffers[head].keys.count : buffers[head].values.count)
    }
    let headDim = shape.headDim
    let total = counts.reduce(0, +) * headDim
    var numbers = [Float](unsafeUninitializedCapacity: total) { target, initialised in
      guard var row = target.baseAddress else { return }
      for (head, count) in counts.enumerated() {
        let packed = old.codes[head].tokens
        old.restore(head: head, into: row)
        for token in packed..<count { exact(buffers[head], token - packed, row + token * headDim) }
        row += count * headDim
      }
      initialised = total
    }
    let stream = GearStream(layer: layer, side: side, head: 0, token: counts.max() ?? 0)
    let new = GearTensor(side, &numbers, counts: counts, headDim: headDim, settings: settings) { rank in
      PowerIteration.start(
        columns: shape.kvHeads * headDim, rank: rank, seed: settings.seed, stream: stream.number)
    }
    transientBytes = max(transientBytes, bytes.held + new.bytes.held + 4 * total)
    return new
  }

  var bytes: ByteCount {
    var total = keys.bytes + values.bytes
    for buffer in buffers { total += buffer.tailBytes }
    return total
  }

  /// Compressing holds the old tensor, the new one and the reconstruction in single precision at once.
  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let packed = keys.codes[head].tokens
    return decodeRows(
      count(head: head), shape.headDim,
      { $0 < packed ? keys.read(head: head, $0, into: $1) : buffers[head].keys.read($0 - packed, into: $1) },
      { $0 < packed ? values.read(head: head, $0, into: $1) : buffers[head].values.read($0 - packed, into: $1) })
  }
}
