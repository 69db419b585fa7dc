import KernelABI

// What a layer does to the rows of a pass between its products, one row like another.

/// out = x / root mean square(x) * weight, vector by vector [width].
struct NormalisingRows: RangeWork {
  let kernels: Uncounted<KernelTable>
  let vectors: UnsafePointer<Float>
  let weight: UnsafePointer<Float>
  let epsilon: Float
  let width: Int
  let out: UnsafeMutablePointer<Float>

  func run(_ range: Range<Int>) {
    let first = range.lowerBound * width
    kernels.with { $0.normaliseRootMeanSquare(vectors + first, weight, epsilon, range.count, width, out + first) }
  }
}

/// out = SwiGLU(gates, ups).
struct GatingRows: RangeWork {
  let kernels: Uncounted<KernelTable>
  let gates: UnsafePointer<Float>
  let ups: UnsafePointer<Float>
  let width: Int
  let out: UnsafeMutablePointer<Float>

  func run(_ range: Range<Int>) {
    let first = range.lowerBound * width
    kernels.with { $0.gate(gates + first, ups + first, range.count * width, out + first) }
  }
}

/// rows += others.
struct AddingRows: RangeWork {
  let kernels: Uncounted<KernelTable>
  let rows: UnsafeMutablePointer<Float>
  let others: UnsafePointer<Float>
  let width: Int

  func run(_ range: Range<Int>) {
    let first = range.lowerBound * width
    kernels.with { $0.add(rows + first, others + first, range.count * width) }
  }
}

/// rows += bias, the same for each.
struct AddingBias: RangeWork {
  let kernels: Uncounted<KernelTable>
  let rows: UnsafeMutablePointer<Float>
  let bias: UnsafePointer<Float>
  let width: Int

  func run(_ range: Range<Int>) {
    kernels.with { for row in range { $0.add(rows + row * width, bias, width) } }
  }
}

/// Turns queries and keys to their positions.
struct RotatingRows: RangeWork {
  let rotary: Uncounted<RotaryTable>
  let positions: UnsafePointer<Int>
  let queries: UnsafeMutablePointer<Float>
  let keys: UnsafeMutablePointer<Float>
  let sizes: PassSizes

  func run(_ range: Range<Int>) {
    rotary.with { rotary in
      for row in range {
        for head in 0..<sizes.queryHeads {
          rotary.place(queries + row * sizes.queryWidth + head * sizes.headDim, at: positions[row])
        }
        for head in 0..<sizes.kvHeads {
          rotary.place(keys + row * sizes.kvWidth + head * sizes.headDim, at: positions[row])
        }
      }
    }
  }
}
