/// Memory that attention works in, sized for the largest task seen so far.
struct AttentionScratch {
  /// Rows of scores, one area a task or worker.
  var weights = GrowingBuffer<Float>()
  /// Queries scaled by 1 / sqrt(headDim), one area a task or worker.
  var queries = GrowingBuffer<Float>()
  /// Sums of weighted values, one area a task or worker.
  var sums = GrowingBuffer<Float>()
  /// Column sums of one query tile, one area a tile.
  var columns = GrowingBuffer<Float>()
  /// What selectors chose and in which blocks, one area a task.
  var selection = GrowingBuffer<UInt32>()
  /// The steps of a layer.
  var steps = GrowingBuffer<LayerAttention.Step>()
  /// Their tasks, how the tasks' queries turn, and where each of them works.
  var tasks = GrowingBuffer<StepAttention>()
  var turns = SlotTurns()
  var areas = GrowingBuffer<StepAttention.Areas>()
  /// A byte a task, set where scores, keys or values were not finite.
  var failures = GrowingBuffer<UInt8>()
  /// What tasks spent on statistics, where a method asks for them.
  var times = RegionTimes()
  /// Tensors that eager attention writes out.
  var eager = EagerScratch()
  /// What codecs pack in, one a worker.
  var packing = HeldObjects<PackingScratch>([])
  /// Packing that is due now, and what waits for the end of a pass.
  var packNow: [PackingTask] = []
  var packLater: [PackingTask] = []
  /// What stopped a sequence's method, an entry a sequence.
  var problems: [(any Error)?] = []
}

/// One of the tasks that a cache's packing splits into.
struct PackingTask: BitwiseCopyable {
  let cache: Uncounted<LayerCache>
  let number: Int
}

/// Where a layer's queries, keys, values and attention outputs lie; row i of each at i * its stride.
struct AttentionRows {
  let queries: UnsafeMutablePointer<Float>  // [rows, queryHeads * headDim]
  let keys: UnsafeMutablePointer<Float>  // [rows, kvHeads * headDim]
  let values: UnsafeMutablePointer<Float>  // [rows, kvHeads * headDim]
  let out: UnsafeMutablePointer<Float>  // [rows, queryHeads * headDim]
  let queryStride: Int
  let keyStride: Int
  let outStride: Int

  func advanced(by rows: Int) -> AttentionRows {
    AttentionRows(
      queries: queries + rows * queryStride, keys: keys + rows * keyStride, values: values + rows * keyStride,
      out: out + rows * outStride, queryStride: queryStride, keyStride: keyStride, outStride: outStride)
  }
}

extension AttentionRows {
  /// Copies the queries of a KV head's group for a tile of tokens, over the root of the head's width.
  func scaleQueries(of tile: Range<Int>, head: Int, shape: CacheShape, into queries: UnsafeMutablePointer<Float>) {
    let width = shape.groupHeads * shape.headDim
    let scale = 1 / Float(shape.headDim).squareRoot()
    for token in tile {
      let source = self.queries + token * queryStride + head * width
      let target = queries + (token - tile.lowerBound) * width  // [tile, group, headDim]
      for index in 0..<width { target[index] = source[index] * scale }
    }
  }

  /// Whether keys and values of a head are finite, and stay so in the cache's element.
  ///
  /// A half-precision infinity would give some queries a weight of 0 and others NaN, without a word.
  func storable(head: Int, tokens: Int, shape: CacheShape) -> Bool {
    // The first number that rounds to a half-precision infinity.
    let limit: Float = shape.element == .float16 ? 65_520 : .infinity
    for token in 0..<tokens {
      let row = token * keyStride + head * shape.headDim
      for channel in row..<row + shape.headDim where !(abs(keys[channel]) < limit && abs(values[channel]) < limit) {
        return false
      }
    }
    return true
  }
}
