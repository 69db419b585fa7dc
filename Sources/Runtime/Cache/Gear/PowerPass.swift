import KernelABI

/// One pass of power iteration, P to E^T (E P), over rows of E as they come; each is read from memory once.
struct PowerPass<Rows: ProjectedRows> {
  private let directions: Rows.Directions
  private let rank: Int
  private let kernels: KernelTable
  /// E^T E P of the rows so far.
  private(set) var sums: [Float]  // [rank, columns]

  /// The pass from P [rank, columns] over rows like `matrix`.
  init(_ p: [Float], rank: Int, over matrix: Rows, _ kernels: KernelTable) {
    directions = matrix.directions(p, rank: rank, kernels)
    self.rank = rank
    self.kernels = kernels
    sums = [Float](repeating: 0, count: p.count)
  }

  /// Rows that stay in the nearest cache between two uses.
  private static var blockRows: Int { FixedRows.blockRows }

  /// - Parameter backwards: from the last block of rows to the first, so that what the pass before has read or written last
  ///   is read while it is near.
  mutating func absorb(_ matrix: Rows, rows: Int, backwards: Bool = false) {
    withKernelScratch(of: Float.self, capacity: rank * Self.blockRows) { area in
      if let q = area.baseAddress { absorb(matrix, rows, backwards, q, stride: Self.blockRows, keepsAll: false) }
    }
  }

  /// The same; E P is kept in q [rank, rows].
  mutating func absorb(_ matrix: Rows, rows: Int, backwards: Bool = false, q: UnsafeMutablePointer<Float>) {
    absorb(matrix, rows, backwards, q, stride: rows, keepsAll: true)
  }

  private mutating func absorb(
    _ matrix: Rows, _ rows: Int, _ backwards: Bool, _ q: UnsafeMutablePointer<Float>, stride: Int, keepsAll: Bool
  ) {
    guard rank > 0 else { return }
    let (directions, kernels, rank, blockRows) = (directions, kernels, rank, Self.blockRows)
    let blocks = (rows + blockRows - 1) / blockRows
    sums.withUnsafeMutableBufferPointer { sums in
      guard let sums = sums.baseAddress else { return }
      for block in 0..<blocks {
        let first = (backwards ? blocks - 1 - block : block) * blockRows
        let count = min(blockRows, rows - first)
        let part = matrix.from(first)
        let target = keepsAll ? q + first : q
        part.project(count, directions, rank: rank, target, stride: stride, kernels)
        part.add(count, target, stride: stride, rank: rank, to: sums, kernels)
      }
    }
  }
}
