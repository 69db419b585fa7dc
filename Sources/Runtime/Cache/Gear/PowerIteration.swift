import KernelABI

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
    // The kernels take whole vectors of columns; columns of zeros change nothing.
    let width = (columns + 15) / 16 * 16
    var whole = [Float](repeating: 0, count: rows * width)
    var first = 0
    for panel in panels {
      for row in 0..<panel.rows {
        for column in 0..<panel.columns {
          whole[row * width + first + column] = matrix[panel.offset + row * panel.columns + column]
        }
      }
      first += panel.columns
    }
    func resized(_ p: [Float], from: Int, to: Int) -> [Float] {
      from == to
        ? p : (0..<rank).flatMap { j in (0..<to).map { $0 < from ? p[j * from + $0] : 0 } }
    }
    let found = whole.withUnsafeBufferPointer { buffer -> Factors in
      guard let base = buffer.baseAddress else { return Factors(rank: 0, q: [], p: []) }
      return factors(
        MatrixRows(base, columns: width), rows: rows, start: resized(start, from: columns, to: width), loops: loops,
        InstructionSet.base.table)
    }
    return Factors(rank: found.rank, q: found.q, p: resized(found.p, from: width, to: columns))
  }

  /// Factors of a matrix of `rows` rows, columns a multiple of 16, from `start` [rank, columns].
  ///
  /// - Parameter first: the first pass from `start`, if all rows have gone through it already; there are more then.
  static func factors<Rows: ProjectedRows>(
    _ matrix: Rows, rows: Int, start: [Float], loops: Int, first: PowerPass<Rows>? = nil, _ kernels: KernelTable
  ) -> Factors {
    let columns = matrix.columns
    let rank = columns == 0 ? 0 : start.count / columns
    guard rank > 0, rows > 0 else { return Factors(rank: 0, q: [], p: []) }
    var p = start
    var q = [Float](repeating: 0, count: rank * rows)
    let loops = max(1, loops)
    for index in 1..<loops {
      if index == 1, let first {
        p = first.sums
      } else {
        var pass = PowerPass(p, rank: rank, over: matrix, kernels)
        pass.absorb(matrix, rows: rows, backwards: index % 2 == 0)
        p = pass.sums
      }
      shrink(&p, columns: rank, length: columns)
    }
    orthonormalise(&p, columns: rank, length: columns)
    var last = PowerPass(p, rank: rank, over: matrix, kernels)
    q.withUnsafeMutableBufferPointer { q in
      if let q = q.baseAddress { last.absorb(matrix, rows: rows, backwards: loops % 2 == 0, q: q) }
    }
    // E^T Q for the orthonormal Q is a combination of the sums that were taken with Q as it was, unless hardly anything
    // of one of its columns was left.
    var sums = last.sums
    if orthonormalise(&q, columns: rank, length: rows, alongside: &sums) {
      p = sums
    } else {
      multiplyTransposed(matrix, rows: rows, q, into: &p, kernels)
    }
    return Factors(rank: rank, q: q, p: p)
  }

  /// p = E^T q.
  private static func multiplyTransposed<Rows: ProjectedRows>(
    _ matrix: Rows, rows: Int, _ q: [Float], into p: inout [Float], _ kernels: KernelTable
  ) {
    p.withUnsafeMutableBufferPointer { p in
      guard let base = p.baseAddress else { return }
      base.update(repeating: 0, count: p.count)
      matrix.add(rows, q, stride: rows, rank: p.count / matrix.columns, to: base, kernels)
    }
  }

  /// Modified Gram-Schmidt, up to three times over, since cancellation leaves rounding noise; a round that leaves half of a
  /// column's square is the last. A column that depends on those before it exactly, or is not finite, becomes zero.
  static func orthonormalise(_ vectors: inout [Float], columns: Int, length: Int) {
    var nothing: [Float] = []
    orthonormalise(&vectors, columns: columns, length: length, alongside: &nothing)
  }

  /// The same; what is added to a column and taken off it, is so to that of `others` [columns, any length] too.
  ///
  /// - Returns: whether more than a thousandth of every column's square was left: others lose as many digits as columns do.
  @discardableResult
  private static func orthonormalise(
    _ vectors: inout [Float], columns: Int, length: Int, alongside others: inout [Float]
  ) -> Bool {
    let width = columns == 0 ? 0 : others.count / columns
    var keptMuch = true
    vectors.withUnsafeMutableBufferPointer { buffer in
      others.withUnsafeMutableBufferPointer { others in
        guard let base = buffer.baseAddress else { return }
        for column in 0..<columns {
          let vector = base + column * length
          for round in 0..<3 {
            let before = dot(vector, vector, length)
            for other in 0..<column {
              let direction = base + other * length
              let share = -dot(vector, direction, length)
              add(direction, times: share, to: vector, length)
              if let others = others.baseAddress {
                add(others + other * width, times: share, to: others + column * width, width)
              }
            }
            let square = dot(vector, vector, length)
            if round == 0, !(square > before / 1000) { keptMuch = false }
            let norm = square.squareRoot()
            let inverse = norm > 0 && norm.isFinite ? 1 / norm : 0
            scale(vector, by: inverse, length)
            if let others = others.baseAddress { scale(others + column * width, by: inverse, width) }
            if square > before / 2 { break }
          }
        }
      }
    }
    return keptMuch
  }

  /// Multiplies a column; by what is not above 0 and finite, makes it zero.
  private static func scale(_ vector: UnsafeMutablePointer<Float>, by factor: Float, _ count: Int) {
    for i in 0..<count { vector[i] = factor.isFinite && factor > 0 ? vector[i] * factor : 0 }
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
