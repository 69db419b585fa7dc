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
        .floats(base), rows: rows, columns: width, start: resized(start, from: columns, to: width), loops: loops,
        InstructionSet.base.table)
    }
    return Factors(rank: found.rank, q: found.q, p: resized(found.p, from: width, to: columns))
  }

  /// A matrix as it lies in memory, [rows, columns].
  enum Matrix {
    case floats(UnsafePointer<Float>)
    case halves(UnsafePointer<UInt16>)
  }

  /// Factors of a matrix [rows, columns], columns a multiple of 16, from `start` [rank, columns].
  static func factors(
    _ matrix: Matrix, rows: Int, columns: Int, start: [Float], loops: Int, _ kernels: KernelTable
  ) -> Factors {
    let rank = columns == 0 ? 0 : start.count / columns
    guard rank > 0, rows > 0 else { return Factors(rank: 0, q: [], p: []) }
    var p = start
    var q = [Float](repeating: 0, count: rank * rows)
    let loops = max(1, loops)
    for pass in 1...loops {
      if pass == loops {
        orthonormalise(&p, columns: rank, length: columns)
        multiply(matrix, rows, columns, p, into: &q, kernels)
        orthonormalise(&q, columns: rank, length: rows)
        multiplyTransposed(matrix, rows, columns, q, into: &p, kernels)
      } else {
        square(matrix, rows, columns, &p, &q, kernels)
        shrink(&p, columns: rank, length: columns)
      }
    }
    return Factors(rank: rank, q: q, p: p)
  }

  /// Rows of the matrix that stay in the nearest cache between two uses.
  private static var blockRows: Int { 32 }

  /// Calls `body` with each block of rows in single precision, its first row and how many it has.
  private static func blocks(
    _ matrix: Matrix, _ rows: Int, _ columns: Int, _ kernels: KernelTable,
    _ body: (_ block: UnsafePointer<Float>, _ first: Int, _ count: Int) -> Void
  ) {
    switch matrix {
    case .floats(let base):
      for first in Swift.stride(from: 0, to: rows, by: blockRows) {
        body(base + first * columns, first, min(blockRows, rows - first))
      }
    case .halves(let base):
      withUnsafeTemporaryAllocation(byteCount: 4 * blockRows * columns, alignment: 64) { area in
        guard let block = area.baseAddress?.assumingMemoryBound(to: Float.self) else { return }
        for first in Swift.stride(from: 0, to: rows, by: blockRows) {
          let count = min(blockRows, rows - first)
          kernels.floatFromHalf(base + first * columns, count * columns, block)
          body(block, first, count)
        }
      }
    }
  }

  /// q = E p.
  private static func multiply(
    _ matrix: Matrix, _ rows: Int, _ columns: Int, _ p: [Float], into q: inout [Float], _ kernels: KernelTable
  ) {
    q.withUnsafeMutableBufferPointer { q in
      guard let q = q.baseAddress else { return }
      blocks(matrix, rows, columns, kernels) { block, first, count in
        kernels.corrections.projectRows(block, count, columns, p, p.count / columns, q + first, rows)
      }
    }
  }

  /// p = E^T q.
  private static func multiplyTransposed(
    _ matrix: Matrix, _ rows: Int, _ columns: Int, _ q: [Float], into p: inout [Float],
    _ kernels: KernelTable
  ) {
    let rank = p.count / columns
    q.withUnsafeBufferPointer { q in
      p.withUnsafeMutableBufferPointer { p in
        guard let q = q.baseAddress, let p = p.baseAddress else { return }
        p.update(repeating: 0, count: rank * columns)
        blocks(matrix, rows, columns, kernels) { block, first, count in
          kernels.corrections.addProjections(block, count, columns, q + first, rows, rank, p)
        }
      }
    }
  }

  /// p = E^T E p, each row of E being read from memory once; q is scratch.
  private static func square(
    _ matrix: Matrix, _ rows: Int, _ columns: Int, _ p: inout [Float], _ q: inout [Float],
    _ kernels: KernelTable
  ) {
    let rank = p.count / columns
    var next = [Float](repeating: 0, count: p.count)
    q.withUnsafeMutableBufferPointer { q in
      next.withUnsafeMutableBufferPointer { next in
        guard let q = q.baseAddress, let next = next.baseAddress else { return }
        blocks(matrix, rows, columns, kernels) { block, first, count in
          kernels.corrections.projectRows(block, count, columns, p, rank, q + first, rows)
          kernels.corrections.addProjections(block, count, columns, q + first, rows, rank, next)
        }
      }
    }
    p = next
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
