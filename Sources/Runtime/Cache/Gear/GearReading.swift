import KernelABI

/// Where the parts of one head lie that attention reads, until a token is appended or the tensors are compressed again.
///
/// Threads attend the same head at the same time, and a reference count that all of them write costs more than the head's
/// own work; here is nothing but addresses.
struct GearReading: BitwiseCopyable {
  /// Compressed tokens; the others wait exactly.
  let packed: Int
  private(set) var exact: Int
  let keys: PackedKeyBlocks
  let keyOutliers: OutlierMasks?
  let keyFactors: LowRankFactors
  private(set) var exactKeys: ExactRows
  let values: PackedValueBlocks
  let valueOutliers: OutlierGroups?
  let valueFactors: LowRankFactors
  private(set) var exactValues: ExactRows

  init(keys own: GearTensor.Head, values other: GearTensor.Head, buffer: ExactHead) {
    packed = own.codes.tokens
    exact = buffer.keys.count
    keys = own.codes.keyBlocks
    keyOutliers = own.outliers.masks
    keyFactors = own.lowRank.factors
    exactKeys = buffer.keys.rows
    values = other.codes.valueBlocks
    valueOutliers = other.outliers.groups
    valueFactors = other.lowRank.factors
    exactValues = buffer.values.rows
  }

  /// Takes note that tokens have been appended to those that wait.
  mutating func note(_ buffer: ExactHead) {
    exact = buffer.keys.count
    (exactKeys, exactValues) = (buffer.keys.rows, buffer.values.rows)
  }

  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    let held = tokens.clamped(to: 0..<packed)
    if !held.isEmpty {
      keys.scores(
        kernels, held.lowerBound / 16..<(held.upperBound + 15) / 16, queries, rows: rows, out, outStride: outStride)
      keyOutliers?.addScores(queries, rows: rows, tokens: held, out, outStride: outStride, kernels)
      keyFactors.addScores(queries, rows: rows, tokens: held, out, outStride: outStride, kernels)
    }
    let first = max(tokens.lowerBound, packed)
    guard first < tokens.upperBound else { return }
    exactKeys.scores(
      queries, rows: rows, tokens: first - packed..<tokens.upperBound - packed, out + first - tokens.lowerBound,
      outStride: outStride, kernels)
  }

  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    let held = tokens.clamped(to: 0..<packed)
    if !held.isEmpty {
      values.accumulate(kernels, held, weights, weightStride: weightStride, rows: rows, acc)
      valueOutliers?.accumulate(weights, weightStride: weightStride, rows: rows, tokens: held, acc, kernels)
      valueFactors.accumulate(weights, weightStride: weightStride, rows: rows, tokens: held, acc, kernels)
    }
    let first = max(tokens.lowerBound, packed)
    guard first < tokens.upperBound else { return }
    kernels.accumulateValues(
      exactValues, first - packed..<tokens.upperBound - packed, weights + first - tokens.lowerBound, weightStride,
      rows, acc)
  }
}
