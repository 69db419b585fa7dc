/// Low-rank approximation of a matrix by block power iteration (GEAR, arXiv 2403.05527, algorithm 2; sheet gear).
///
/// Starting from P, each pass takes Q = E P and P = E^T Q; on the last pass P and Q are made orthonormal before they are
/// used, so that E is approximately Q P^T with the error falling as the rank grows.
public enum PowerIteration {
  /// Q and P of the approximation Q P^T, column by column.
  public struct Factors: Equatable, Sendable {
    public let rank: Int
    public let q: [Float]  // [rank, rows]
    public let p: [Float]  // [rank, columns]
  }

  /// A part of the matrix's columns with its own rows: `rows` x `columns` floats from `offset`; missing rows are zero.
  ///
  /// Panels stand side by side, so heads that lie one after the other make one matrix [tokens, heads * headDim].
  public struct Panel: Equatable, Sendable {
    public let offset: Int
    public let rows: Int
    public let columns: Int

    public init(offset: Int, rows: Int, columns: Int) {
      self.offset = offset
      self.rows = rows
      self.columns = columns
    }
  }

  /// Numbers in [0, 1) that depend on the seed, the stream and their place alone; the first columns of a larger rank are
  /// those of a smaller one.
  ///
  /// - Returns: [rank, columns]
  public static func start(columns: Int, rank: Int, seed: Int, stream: UInt64) -> [Float] {
    let key = scramble(UInt64(bitPattern: Int64(seed)) ^ scramble(stream))
    return (0..<rank * columns).map { Float(scramble(key &+ UInt64($0)) >> 40) * 0x1p-24 }
  }

  /// Factors of a matrix [rows, columns].
  public static func factors(_ matrix: [Float], rows: Int, columns: Int, start: [Float], loops: Int) -> Factors {
    factors(matrix, panels: [Panel(offset: 0, rows: rows, columns: columns)], start: start, loops: loops)
  }

  /// Factors of panels side by side; `start` is [rank, columns of all panels].
  public static func factors(_ matrix: [Float], panels: [Panel], start: [Float], loops: Int) -> Factors {
    let rows = panels.map(\.rows).max() ?? 0
    let columns = panels.reduce(0) { $0 + $1.columns }
    let rank = columns == 0 ? 0 : start.count / columns
    var p = start
    var q = [Float](repeating: 0, count: rank * rows)
    guard rank > 0, rows > 0 else { return Factors(rank: 0, q: [], p: []) }
    for pass in 1...max(1, loops) {
      if pass == max(1, loops) { orthonormalise(&p, columns: rank, length: columns) }
      multiply(matrix, panels, p, columns, into: &q, rows)
      if pass == max(1, loops) { orthonormalise(&q, columns: rank, length: rows) }
      multiplyTransposed(matrix, panels, q, rows, into: &p, columns)
      if pass < max(1, loops) { shrink(&p, columns: rank, length: columns) }
    }
    return Factors(rank: rank, q: q, p: p)
  }

  /// Modified Gram-Schmidt, three times over, since cancellation in the first round leaves rounding noise; a column that
  /// depends on those before it exactly, or is not finite, becomes zero.
  static func orthonormalise(_ vectors: inout [Float], columns: Int, length: Int) {
    vectors.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for column in 0..<columns {
        let vector = base + column * length
        for _ in 0..<3 {
          for other in 0..<column {
            let direction = base + other * length
            add(direction, times: -dot(vector, direction, length), to: vector, length)
          }
          let norm = dot(vector, vector, length).squareRoot()
          let inverse = norm > 0 && norm.isFinite ? 1 / norm : 0
          for i in 0..<length { vector[i] = inverse.isFinite && inverse > 0 ? vector[i] * inverse : 0 }
        }
      }
    }
  }

  /// Scales each column by a power of two to keep many passes within range; directions keep every bit.
  private static func shrink(_ vectors: inout [Float], columns: Int, length: Int) {
    for column in 0..<columns {
      let range = column * length..<(column + 1) * length
      let largest = vectors[range].reduce(0) { max($0, abs($1)) }
      guard largest > 0, largest.isFinite else { continue }
      let factor = Float(sign: .plus, exponent: -max(-126, min(126, Int(largest.exponent))), significand: 1)
      for i in range { vectors[i] *= factor }
    }
  }

  /// q[j, t] = E[t, :] . p[j, :]
  private static func multiply(
    _ matrix: [Float], _ panels: [Panel], _ p: [Float], _ columns: Int, into q: inout [Float], _ rows: Int
  ) {
    let rank = q.count / rows
    matrix.withUnsafeBufferPointer { matrix in
      p.withUnsafeBufferPointer { p in
        q.withUnsafeMutableBufferPointer { q in
          guard let matrix = matrix.baseAddress, let p = p.baseAddress, let q = q.baseAddress else { return }
          q.update(repeating: 0, count: rank * rows)
          var first = 0
          for panel in panels {
            for row in 0..<panel.rows {
              let source = matrix + panel.offset + row * panel.columns
              for j in 0..<rank { q[j * rows + row] += dot(source, p + j * columns + first, panel.columns) }
            }
            first += panel.columns
          }
        }
      }
    }
  }

  /// p[j, :] = sum over t of q[j, t] * E[t, :]
  private static func multiplyTransposed(
    _ matrix: [Float], _ panels: [Panel], _ q: [Float], _ rows: Int, into p: inout [Float], _ columns: Int
  ) {
    let rank = q.count / rows
    matrix.withUnsafeBufferPointer { matrix in
      q.withUnsafeBufferPointer { q in
        p.withUnsafeMutableBufferPointer { p in
          guard let matrix = matrix.baseAddress, let q = q.baseAddress, let p = p.baseAddress else { return }
          p.update(repeating: 0, count: rank * columns)
          var first = 0
          for panel in panels {
            for row in 0..<panel.rows {
              let source = matrix + panel.offset + row * panel.columns
              for j in 0..<rank { add(source, times: q[j * rows + row], to: p + j * columns + first, panel.columns) }
            }
            first += panel.columns
          }
        }
      }
    }
  }

  @inline(__always)
  private static func dot(_ a: UnsafePointer<Float>, _ b: UnsafePointer<Float>, _ count: Int) -> Float {
    var sum = SIMD16<Float>()
    var i = 0
    while i + 16 <= count {
      sum +=
        UnsafeRawPointer(a + i).loadUnaligned(as: SIMD16<Float>.self)
        * UnsafeRawPointer(b + i).loadUnaligned(as: SIMD16<Float>.self)
      i += 16
    }
    var total = sum.sum()
    while i < count {
      total += a[i] * b[i]
      i += 1
    }
    return total
  }

  @inline(__always)
  private static func add(
    _ x: UnsafePointer<Float>, times factor: Float, to y: UnsafeMutablePointer<Float>, _ count: Int
  ) {
    var i = 0
    while i + 16 <= count {
      let sum =
        UnsafeRawPointer(y + i).loadUnaligned(as: SIMD16<Float>.self)
        + UnsafeRawPointer(x + i).loadUnaligned(as: SIMD16<Float>.self) * factor
      UnsafeMutableRawPointer(y + i).storeBytes(of: sum, as: SIMD16<Float>.self)
      i += 16
    }
    while i < count {
      y[i] += x[i] * factor
      i += 1
    }
  }

  /// The finaliser of SplitMix64: neighbouring counters give unrelated numbers.
  private static func scramble(_ x: UInt64) -> UInt64 {
    var z = x &+ 0x9e37_79b9_7f4a_7c15
    z = (z ^ z >> 30) &* 0xbf58_476d_1ce4_e5b9
    z = (z ^ z >> 27) &* 0x94d0_49bb_1331_11eb
    return z ^ z >> 31
  }
}
