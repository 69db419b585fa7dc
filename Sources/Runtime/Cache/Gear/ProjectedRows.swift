import KernelABI

/// Rows that power iteration multiplies by factors from both sides.
protocol ProjectedRows {
  /// P as the kernels take it.
  associatedtype Directions

  var columns: Int { get }
  /// The rows from `row` on.
  func from(_ row: Int) -> Self
  func directions(_ p: [Float], rank: Int, _ kernels: KernelTable) -> Directions  // p [rank, columns]
  /// q[j * stride + row] = row . P[j, :] for the first `count` rows.
  func project(
    _ count: Int, _ directions: Directions, rank: Int, _ q: UnsafeMutablePointer<Float>, stride: Int,
    _ kernels: KernelTable)
  /// sums[j, :] += sum over rows of q[j * stride + row] * row.
  func add(
    _ count: Int, _ q: UnsafePointer<Float>, stride: Int, rank: Int, to sums: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable)
}

extension MatrixRows: ProjectedRows {
  func directions(_ p: [Float], rank: Int, _ kernels: KernelTable) -> [Float] { p }

  func project(
    _ count: Int, _ directions: [Float], rank: Int, _ q: UnsafeMutablePointer<Float>, stride: Int,
    _ kernels: KernelTable
  ) {
    kernels.corrections.projectRows(self, count, directions, rank, q, stride)
  }

  func add(
    _ count: Int, _ q: UnsafePointer<Float>, stride: Int, rank: Int, to sums: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    kernels.corrections.addProjections(self, count, q, stride, rank, sums)
  }
}

extension FixedRows: ProjectedRows {
  /// Directions rounded to integers, with the units of what they give.
  struct Directions {
    var numbers: [Int16]  // [rank, columns]
    var units: [Float]  // [rank]
  }

  func directions(_ p: [Float], rank: Int, _ kernels: KernelTable) -> Directions {
    var fixed = Directions(
      numbers: [Int16](repeating: 0, count: rank * columns), units: [Float](repeating: 0, count: rank))
    kernels.corrections.fixDirections(p, rank, self, &fixed.numbers, &fixed.units)
    return fixed
  }

  func project(
    _ count: Int, _ directions: Directions, rank: Int, _ q: UnsafeMutablePointer<Float>, stride: Int,
    _ kernels: KernelTable
  ) {
    kernels.corrections.projectFixed(self, count, directions.numbers, directions.units, rank, q, stride)
  }

  func add(
    _ count: Int, _ q: UnsafePointer<Float>, stride: Int, rank: Int, to sums: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) {
    kernels.corrections.addFixed(self, count, q, stride, rank, sums)
  }
}
