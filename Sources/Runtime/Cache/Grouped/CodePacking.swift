import KernelABI

/// Single codes of 2, 4 or 8 bits within the bytes of packed blocks.
enum CodePacking {
  @inline(__always) static func write(
    _ code: UInt8, at place: (byte: Int, shift: Int), bits: Int, _ base: UnsafeMutablePointer<UInt8>
  ) {
    let shift = UInt8(truncatingIfNeeded: place.shift)
    let mask = UInt8(truncatingIfNeeded: (1 << bits) - 1) &<< shift
    base[place.byte] = base[place.byte] & ~mask | code &<< shift
  }

  @inline(__always) static func read(
    _ place: (byte: Int, shift: Int), bits: Int, _ base: UnsafePointer<UInt8>
  ) -> UInt8 {
    base[place.byte] &>> UInt8(truncatingIfNeeded: place.shift) & UInt8(truncatingIfNeeded: (1 << bits) - 1)
  }
}

extension PackedKeyBlocks {
  /// Scores with the thread's scratch; see `KernelTable.PackedKeyScores`.
  func scores(
    _ kernels: KernelTable, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, rows: Int,
    _ out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    withKernelScratch(bytes: Self.scratchBytes(headDim: headDim)) {
      kernels.packedKeyScores(self, blocks, queries, rows, out, outStride, $0)
    }
  }
}

extension PackedValueBlocks {
  /// Weighted sums with the thread's scratch; see `KernelTable.AccumulatePackedValues`.
  func accumulate(
    _ kernels: KernelTable, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int,
    _ acc: UnsafeMutablePointer<Float>
  ) {
    withKernelScratch(bytes: Self.scratchBytes) {
      kernels.accumulatePackedValues(self, tokens, weights, weightStride, rows, acc, $0)
    }
  }
}
