/// Lengths and dot products of rows of vectors, summed in lanes of 16 and then in lane order: the same bits everywhere.
enum RowNorms {
  /// Euclidean norms of rows [rows, width].
  static func norms(_ rows: [Float], width: Int) -> [Float] {
    rows.withUnsafeBufferPointer { buffer in
      guard let base = buffer.baseAddress, width > 0 else { return [] }
      return (0..<rows.count / width).map { row in
        let x = base + row * width
        return dot(x, x, width).squareRoot()
      }
    }
  }

  static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ width: Int) -> Float {
    var sums = SIMD16<Float>.zero
    var index = 0
    while index + 16 <= width {
      let x = UnsafeRawPointer(a + index).loadUnaligned(as: SIMD16<Float>.self)
      let y = UnsafeRawPointer(b + index).loadUnaligned(as: SIMD16<Float>.self)
      sums += x * y
      index += 16
    }
    var total: Float = 0
    for lane in 0..<16 { total += sums[lane] }
    while index < width {
      total += a[index] * b[index]
      index += 1
    }
    return total
  }
}
