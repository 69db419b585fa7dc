import KernelABI

/// Where the parts of one head lie that attention reads, until a token is appended, packed or dropped.
///
/// Threads attend the same head at the same time, and a reference count that all of them write costs more than the head's
/// own work; here is nothing but addresses.
struct GroupedReading: BitwiseCopyable {
  /// All of them, packed and exact.
  private(set) var tokens: Int
  let packedKeys: Int
  let keys: PackedKeyBlocks
  private(set) var exactKeys: ExactRows
  let packedValues: Int
  let values: PackedValueBlocks
  private(set) var exactValues: ExactRows

  /// Takes note that tokens have been appended to the exact ones.
  mutating func note(_ exact: ExactHead) {
    tokens = packedKeys + exact.keys.count
    (exactKeys, exactValues) = (exact.keys.rows, exact.values.rows)
  }

  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    let packed = tokens.clamped(to: 0..<packedKeys)
    if !packed.isEmpty {
      keys.scores(
        kernels, packed.lowerBound / 16..<(packed.upperBound + 15) / 16, queries, rows: rows, out, outStride: outStride)
    }
    let first = max(tokens.lowerBound, packedKeys)
    guard first < tokens.upperBound else { return }
    let blocks = (first - packedKeys) / 16..<(tokens.upperBound - packedKeys + 15) / 16
    kernels.keyScores(exactKeys, blocks, queries, rows, out + first - tokens.lowerBound, outStride)
  }

  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let packed = tokens.clamped(to: 0..<packedValues)
    if !packed.isEmpty {
      values.accumulate(kernels, packed, weights, weightStride: weightStride, rows: rows, acc)
    }
    let first = max(tokens.lowerBound, packedValues)
    guard first < tokens.upperBound else { return }
    kernels.accumulateValues(
      exactValues, first - packedValues..<tokens.upperBound - packedValues, weights + first - tokens.lowerBound,
      weightStride, rows, acc)
  }
}
