import KernelABI

/// A decode step's attention to all layers' packed heads, which lie in memory and not in a cache: part by part, scores,
/// exponentials and sums, on one thread.
struct PackedStepBench {
  let set: BenchSet
  let bits: Int
  private var kernels: KernelTable { self.set.table }
  private let heads = 90
  private let tokens = 7_168
  private let partTokens = 512
  private let headDim = 64
  private let rows = 3
  private var codeBytes: Int { tokens * headDim * bits / 8 }
  private var scaleCount: Int { tokens * headDim / 32 }

  func row() -> BenchRow {
    let codes = BenchMemory<UInt8>(2 * heads * codeBytes, filledWith: 0x1b)
    let scales = BenchMemory<UInt16>(4 * heads * scaleCount, filledWith: 0x3000)
    let queries = BenchMemory<Float>(rows * headDim, filledWith: 0.1)
    let weights = BenchMemory<Float>(rows * partTokens, filledWith: 0.001)
    let acc = BenchMemory<Float>(rows * headDim, filledWith: 0)
    let scratch = BenchMemory<UInt8>(
      max(PackedKeyBlocks.scratchBytes(headDim: headDim), PackedValueBlocks.scratchBytes), filledWith: 0)
    let seconds = BenchTiming.leastSeconds {
      for head in 0..<heads {
        let keys = keys(of: head, codes, scales)
        let values = values(of: head, codes, scales)
        for first in stride(from: 0, to: tokens, by: partTokens) {
          kernels.packedKeyScores(
            keys, first / 16..<(first + partTokens) / 16, queries.base, rows, weights.base, partTokens, scratch.base)
          for row in 0..<rows {
            let line = weights.base + row * partTokens
            _ = kernels.exponentiate(line, partTokens, kernels.maximum(line, partTokens))
          }
          kernels.accumulatePackedValues(
            values, first..<first + partTokens, weights.base, partTokens, rows, acc.base, scratch.base)
        }
      }
    }
    let bytes = codes.count + 2 * scales.count
    return BenchRow(
      set: kernels.name, what: "packed step \(heads) x \(rows) x \(tokens) \(bits)-bit", threads: 1,
      gigabytesPerSecond: Double(bytes) / seconds / 1e9,
      gigaoperationsPerSecond: Double(4 * rows * tokens * headDim * heads) / seconds / 1e9)
  }

  private func keys(of head: Int, _ codes: BenchMemory<UInt8>, _ scales: BenchMemory<UInt16>) -> PackedKeyBlocks {
    PackedKeyBlocks(
      codes: codes.base + 2 * head * codeBytes, scales: scales.base + 4 * head * scaleCount,
      minima: scales.base + (4 * head + 1) * scaleCount, bits: bits, headDim: headDim, groupBlocks: 2)
  }

  private func values(of head: Int, _ codes: BenchMemory<UInt8>, _ scales: BenchMemory<UInt16>) -> PackedValueBlocks {
    PackedValueBlocks(
      codes: codes.base + (2 * head + 1) * codeBytes, scales: scales.base + (4 * head + 2) * scaleCount,
      minima: scales.base + (4 * head + 3) * scaleCount, scaleStride: headDim, bits: bits, headDim: headDim,
      groupChannels: 32)
  }
}
