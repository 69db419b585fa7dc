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
  /// A byte per KV head, set where scores were not finite.
  var failures = GrowingBuffer<UInt8>()
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
