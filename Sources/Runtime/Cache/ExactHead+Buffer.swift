import KernelABI

/// An exact head as the buffer of a codec: tokens that wait to be packed, after slots that need not fill a block.
extension ExactHead {
  /// Scores of exactly the given tokens of the buffer, which may begin anywhere.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    let width = blocks.count * 16
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * width) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      kernels.keyScores(keys.rows, blocks, queries, rows, scratch, width)
      for row in 0..<rows {
        (out + row * outStride).update(
          from: scratch + row * width + tokens.lowerBound - blocks.lowerBound * 16, count: tokens.count)
      }
    }
  }

  /// Drops all keys and the memory they took, which is a whole prompt's at first.
  func releaseKeys() { keys = ExactKeys(headDim: keys.headDim, element: keys.element) }
  func releaseValues() { values = ExactValues(headDim: values.headDim, element: values.element) }

  /// The tokens as a codec's exact tail.
  var tailBytes: ByteCount {
    var total = ByteCount()
    total.exactTail = (keys.count + values.count) * keys.headDim * keys.element.bytes
    total.slack = keys.slackBytes
    return total
  }
}
