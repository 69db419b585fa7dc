import CIntrinsics
import KernelABI

/// Where the parts of one head lie that attention reads, until a token is appended, packed or dropped.
///
/// Threads attend the same head at the same time, and a reference count that all of them write costs more than the head's
/// own work; here is nothing but addresses.
struct GroupedReading: BitwiseCopyable {
  /// All of them, packed and exact.
  let tokens: Int
  let packedKeys: Int
  let keys: PackedKeyBlocks
  let exactKeys: ExactRows
  let packedValues: Int
  let values: PackedValueBlocks
  let exactValues: ExactRows

  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    let packed = tokens.clamped(to: 0..<packedKeys)
    if !packed.isEmpty {
      var keys = keys
      // The values of the same tokens come next: they arrive while the scores are made.
      if packed.count <= PackedValueBlocks.runTokens {
        values.prefetchScales(packed.clamped(to: 0..<packedValues))
        keys.next = values.codes
        keys.nextBlockBytes = values.blockBytes
      }
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
      var values = values
      // The keys behind these tokens come next.
      let next = packed.upperBound..<min(packed.upperBound + packed.count, packedKeys)
      if packed.count <= PackedValueBlocks.runTokens, next.count == packed.count {
        keys.prefetchScales(next)
        values.next = keys.codes + packed.count / 16 * keys.blockBytes
        values.nextBlockBytes = keys.blockBytes
      }
      values.accumulate(kernels, packed, weights, weightStride: weightStride, rows: rows, acc)
    }
    let first = max(tokens.lowerBound, packedValues)
    guard first < tokens.upperBound else { return }
    kernels.accumulateValues(
      exactValues, first - packedValues..<tokens.upperBound - packedValues, weights + first - tokens.lowerBound,
      weightStride, rows, acc)
  }
}

extension PackedKeyBlocks {
  /// Asks for the scales and minima of a range of tokens ahead of their use.
  fileprivate func prefetchScales(_ tokens: Range<Int>) {
    guard !tokens.isEmpty else { return }
    let groups = tokens.lowerBound / 16 / groupBlocks..<(tokens.upperBound - 1) / 16 / groupBlocks + 1
    kv_prefetch_run_far(scales + groups.lowerBound * headDim, groups.count * headDim * 2)
    kv_prefetch_run_far(minima + groups.lowerBound * headDim, groups.count * headDim * 2)
  }
}

extension PackedValueBlocks {
  /// Asks for the scales and minima of a range of tokens ahead of their use.
  fileprivate func prefetchScales(_ tokens: Range<Int>) {
    guard !tokens.isEmpty else { return }
    let parts = tokens.lowerBound / 32..<(tokens.upperBound + 31) / 32
    kv_prefetch(scales + parts.lowerBound * scaleStride, parts.count * scaleStride * 2)
    kv_prefetch(minima + parts.lowerBound * scaleStride, parts.count * scaleStride * 2)
  }
}
