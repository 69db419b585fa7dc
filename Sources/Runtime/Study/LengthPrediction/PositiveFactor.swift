import Dispatch

/// The Cholesky factor of a symmetric positive definite matrix, in double precision.
struct PositiveFactor {
  let size: Int
  /// Row-major, the lower triangle; what is above it is not read. // [size, size]
  private let lower: [Double]

  /// The factor of matrix + ridge I; nil if that is not positive definite, which NaN is not either.
  ///
  /// - Parameter matrix: row-major; its lower triangle is read. // [size, size]
  init?(_ matrix: [Double], size: Int, ridge: Double) {
    guard matrix.count == size * size else { return nil }
    var lower = matrix
    var isPositive = true
    lower.withUnsafeMutableBufferPointer { lower in
      guard let base = lower.baseAddress else { return }
      for row in 0..<size {
        let own = base + row * size
        for column in 0..<row {
          let other = base + column * size
          own[column] = (own[column] - dot(own, other, column)) / other[column]
        }
        let rest = own[row] + ridge - dot(own, own, row)
        guard rest > 0, rest.isFinite else {
          isPositive = false
          return
        }
        own[row] = rest.squareRoot()
      }
    }
    guard isPositive else { return nil }
    self.size = size
    self.lower = lower
  }

  /// x with (L L^T) x = y. // [size]
  func solve(_ y: [Double]) -> [Double] {
    var x = y
    for row in 0..<size {
      var rest = x[row]
      for column in 0..<row { rest -= lower[row * size + column] * x[column] }
      x[row] = rest / lower[row * size + row]
    }
    for row in (0..<size).reversed() {
      x[row] /= lower[row * size + row]
      let value = x[row]
      for column in 0..<row { x[column] -= lower[row * size + column] * value }
    }
    return x
  }
}

/// The sum of products of the first `count` numbers.
@inline(__always)
func dot(_ a: UnsafePointer<Double>, _ b: UnsafePointer<Double>, _ count: Int) -> Double {
  var sums = SIMD8<Double>.zero
  let (first, second) = (UnsafeRawPointer(a), UnsafeRawPointer(b))
  let whole = count / 8 * 8
  var place = 0
  while place < whole {
    sums +=
      first.loadUnaligned(fromByteOffset: place * 8, as: SIMD8<Double>.self)
      * second.loadUnaligned(fromByteOffset: place * 8, as: SIMD8<Double>.self)
    place += 8
  }
  var sum = sums.sum()
  while place < count {
    sum += a[place] * b[place]
    place += 1
  }
  return sum
}
