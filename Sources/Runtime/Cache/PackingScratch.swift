/// Memory that packing works in, for one task at a time, sized for the largest seen so far.
public final class PackingScratch {
  /// What codes and outliers miss of a tensor, [tokens, heads * headDim], in fixed point; see `FixedRows`.
  var errors = GrowingBuffer<Int16>()
  /// Candidates for outliers: numbers, places within their head, keys of their order.
  var numbers = GrowingBuffer<Float>()
  var places = GrowingBuffer<UInt32>()
  var keys = GrowingBuffer<UInt32>()
  /// A run of one head's tokens, [runTokens, headDim], as numbers and as codes.
  var rows = GrowingBuffer<Float>()
  var codes = GrowingBuffer<UInt8>()
  /// The outliers that a tensor had before.
  var oldOutliers = OutlierRuns()
  /// What outliers are ordered with.
  var masks = GrowingBuffer<UInt64>()
  var words = GrowingBuffer<UInt32>()
  var halves = GrowingBuffer<UInt16>()
  var starts = GrowingBuffer<UInt32>()
  /// Memory that tensors compressed anew have left for the next ones.
  let spareWords = SpareBuffers<UInt32>()
  let spareHalves = SpareBuffers<UInt16>()

  /// Tokens that are read, quantised and packed together; a multiple of the blocks of 16.
  static var runTokens: Int { 128 }

  /// Calls `body` with each run of tokens.
  static func runs(_ tokens: Int, _ body: (Range<Int>) -> Void) {
    for first in Swift.stride(from: 0, to: tokens, by: runTokens) { body(first..<min(tokens, first + runTokens)) }
  }

  func reserveRun(headDim: Int) {
    rows.reserve(Self.runTokens * headDim)
    // Kernels read beyond the last.
    codes.reserve(Self.runTokens * headDim + 64)
  }
}
