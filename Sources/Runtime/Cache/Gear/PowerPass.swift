import KernelABI

/// One pass of power iteration, P to E^T (E P), over rows of E as they come; each is read from memory once.
struct PowerPass {
  private let p: [Float]  // [rank, columns]
  private let rank: Int
  private let kernels: KernelTable
  /// E^T E P of the rows so far.
  private(set) var sums: [Float]  // [rank, columns]

  init(_ p: [Float], rank: Int, _ kernels: KernelTable) {
    self.p = p
    self.rank = rank
    self.kernels = kernels
    sums = [Float](repeating: 0, count: p.count)
  }

  /// Rows that stay in the nearest cache between two uses.
  private static var blockRows: Int { 32 }

  /// - Parameter backwards: from the last block of rows to the first, so that what the pass before has read or written last
  ///   is read while it is near.
  mutating func absorb(_ matrix: MatrixRows, rows: Int, backwards: Bool = false) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rank * Self.blockRows) { area in
      guard let q = area.baseAddress else { return }
      Self.blocks(rows, backwards) { first, count in absorb(matrix.from(first), count, q, stride: Self.blockRows) }
    }
  }

  /// The same; E P is kept in q [rank, rows].
  mutating func absorb(_ matrix: MatrixRows, rows: Int, backwards: Bool = false, q: UnsafeMutablePointer<Float>) {
    Self.blocks(rows, backwards) { first, count in absorb(matrix.from(first), count, q + first, stride: rows) }
  }

  private static func blocks(_ rows: Int, _ backwards: Bool, _ body: (_ first: Int, _ count: Int) -> Void) {
    let all = (rows + blockRows - 1) / blockRows
    for block in 0..<all {
      let first = (backwards ? all - 1 - block : block) * blockRows
      body(first, min(blockRows, rows - first))
    }
  }

  private mutating func absorb(
    _ block: MatrixRows, _ count: Int, _ q: UnsafeMutablePointer<Float>, stride: Int
  ) {
    sums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress, rank > 0 else { return }
      kernels.corrections.projectRows(block, count, p, rank, q, stride)
      kernels.corrections.addProjections(block, count, q, stride, rank, sums)
    }
  }
}
