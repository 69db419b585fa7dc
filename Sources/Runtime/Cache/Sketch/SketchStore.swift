import KernelABI

/// QJL's cache: keys as signs of random projections, values in KIVI's groups, the newest tokens exact (sheet qjl).
///
/// The exact part of keys breathes between 0 and residual - 1 tokens, and is sketched before the step that fills it is
/// attended; that of values is a window of `residual` tokens.
final class SketchStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let residual: Int
  private let heads: [SketchHead]
  private var isComplete = false

  init(shape: CacheShape, layer: Int, settings: SketchSettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    residual = settings.residual
    let size = settings.size(layer: layer, shape: shape)
    let projection = SketchProjection.of(
      .init(
        headDim: shape.headDim, sketch: size.sketch, isOrthogonal: settings.isOrthogonal, seed: settings.seed,
        stream: size.isInitial ? 1 : 0))
    heads = (0..<shape.kvHeads).map { _ in
      SketchHead(
        keys: SketchedKeys(
          projection, outlierSketch: size.outlierSketch, outliers: settings.outliers, group: settings.group),
        values: PackedValues(headDim: shape.headDim, bits: settings.valueBits, group: settings.group),
        exact: ExactHead(shape), kernels: kernels)
    }
  }

  /// A store whose projection is given, for tests against recorded numbers.
  init(
    shape: CacheShape, projection: SketchProjection, outlierSketch: Int, settings: SketchSettings, kernels: KernelTable
  ) {
    self.kernels = kernels
    self.shape = shape
    residual = settings.residual
    heads = (0..<shape.kvHeads).map { _ in
      SketchHead(
        keys: SketchedKeys(
          projection, outlierSketch: outlierSketch, outliers: settings.outliers, group: settings.group),
        values: PackedValues(headDim: shape.headDim, bits: settings.valueBits, group: settings.group),
        exact: ExactHead(shape), kernels: kernels)
    }
  }

  func count(head: Int) -> Int { heads[head].keys.count + heads[head].exact.keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    let head = heads[head]
    head.exact.keys.append(keys, stride: stride, tokens: tokens)
    head.exact.values.append(values, stride: stride, tokens: tokens)
    if isComplete { head.sketchKeys(head.exact.keys.count / residual * residual) }
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let head = heads[head]
    let boundary = head.keys.count
    let sketched = tokens.clamped(to: 0..<boundary)
    if !sketched.isEmpty {
      head.keys.scores(queries, rows: rows, tokens: sketched, out, outStride: outStride, kernels)
    }
    let first = max(tokens.lowerBound, boundary)
    guard first < tokens.upperBound else { return }
    let blocks = (first - boundary) / 16..<(tokens.upperBound - boundary + 15) / 16
    kernels.keyScores(head.exact.keys.rows, blocks, queries, rows, out + first - tokens.lowerBound, outStride)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let head = heads[head]
    let boundary = head.values.count
    let packed = tokens.clamped(to: 0..<boundary)
    if !packed.isEmpty {
      head.values.accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
    }
    let first = max(tokens.lowerBound, boundary)
    guard first < tokens.upperBound else { return }
    kernels.accumulateValues(
      head.exact.values.rows, first - boundary..<tokens.upperBound - boundary, weights + first - tokens.lowerBound,
      weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { heads[head].exact.keep(slots) }
  /// Of a prompt that streams; never called after it, since `removesTokens` is false.
  func remove(head: Int, slot: Int) { heads[head].exact.remove(slot) }
  var removesTokens: Bool { false }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() { pack(.stepComplete) }

  /// Heads pack a prompt at the same time; a step packs one value a head.
  func packingTasks(_ moment: PackingMoment) -> Int {
    switch moment {
    case .promptComplete: heads.count
    case .stepComplete: heads.contains { $0.exact.values.count > residual } ? 1 : 0
    }
  }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    switch moment {
    case .promptComplete:
      let head = heads[task]
      head.sketchKeys(head.exact.keys.count / residual * residual)
      head.packValues(head.exact.values.count - residual)
    case .stepComplete:
      for head in heads { head.packValues(head.exact.values.count - residual) }
    }
  }

  func finishPacking(_ moment: PackingMoment) { isComplete = true }

  var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }

  func takePeakBytes() -> Int {
    defer { for head in heads { head.addedBytes = 0 } }
    return bytes.held + heads.reduce(0) { $0 + $1.addedBytes }
  }

  func storedBits(head: Int) -> [StoredBits] {
    let own = heads[head]
    return Self.storedBits(
      packed: (own.keys.count, own.values.count), mean: (own.keys.bitsPerNumber, Double(own.values.bits)),
      exact: own.exact.keys.element, count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[head]
    let keys = head.keys.count
    let values = head.values.count
    return decodeRows(
      keys + head.exact.keys.count, shape.headDim,
      { $0 < keys ? head.keys.read($0, into: $1) : head.exact.keys.read($0 - keys, into: $1) },
      { $0 < values ? head.values.read($0, into: $1) : head.exact.values.read($0 - values, into: $1) })
  }
}

/// One head of QJL's cache.
private final class SketchHead {
  let keys: SketchedKeys
  let values: PackedValues
  let exact: ExactHead
  /// Bytes of exact tokens that were there beside what they became, since the last look.
  var addedBytes = 0
  private let kernels: KernelTable

  init(keys: SketchedKeys, values: PackedValues, exact: ExactHead, kernels: KernelTable) {
    self.keys = keys
    self.values = values
    self.exact = exact
    self.kernels = kernels
  }

  func sketchKeys(_ tokens: Int) {
    guard tokens > 0 else { return }
    addedBytes += tokens * exact.keys.headDim * exact.keys.element.bytes
    let headDim = exact.keys.headDim
    // A group at a time: a prompt in single precision would be as much again.
    withKernelScratch(of: Float.self, capacity: keys.group * headDim) { scratch in
      guard let rows = scratch.baseAddress else { return }
      for first in stride(from: 0, to: tokens, by: keys.group) {
        exact.keyRows(first..<first + keys.group, into: rows, kernels)
        keys.append(rows, tokens: keys.group, kernels)
      }
    }
    exact.dropKeys(tokens)
  }

  func packValues(_ tokens: Int) {
    guard tokens > 0 else { return }
    addedBytes += tokens * exact.values.headDim * exact.values.element.bytes
    let headDim = exact.values.headDim
    withKernelScratch(of: Float.self, capacity: PackingScratch.runTokens * headDim) { scratch in
      guard let rows = scratch.baseAddress else { return }
      PackingScratch.runs(tokens) { run in
        exact.valueRows(run, into: rows, kernels)
        values.append(rows, tokens: run.count)
      }
    }
    exact.dropValues(tokens)
  }

  var bytes: ByteCount {
    var total = exact.tailBytes
    total.payload = keys.signBytes + values.payloadBytes
    total.scales = keys.normBytes + values.scaleBytes
    total.corrections = keys.channelBytes
    total.slack += values.slackBytes
    return total
  }
}
