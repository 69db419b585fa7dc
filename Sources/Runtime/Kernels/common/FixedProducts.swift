import CIntrinsics
import KernelABI

/// Directions rounded to integers.
@Sendable func fixDirections(
  _ p: UnsafePointer<Float>, _ rank: Int, _ rows: FixedRows, _ out: UnsafeMutablePointer<Int16>,
  _ units: UnsafeMutablePointer<Float>
) {
  var j = 0
  while j < rank {
    let from = j * rows.columns
    units[j] = kv_fix(p + from, rows.columns, rows.mostDirection, out + from) * rows.unit
    j = j + 1
  }
}

/// q[j * qStride + row] = units[j] * matrix row . directions[j, :].
@Sendable func projectFixed(
  _ matrix: FixedRows, _ rows: Int, _ directions: UnsafePointer<Int16>, _ units: UnsafePointer<Float>, _ rank: Int,
  _ q: UnsafeMutablePointer<Float>, _ qStride: Int
) {
  kv_project_fixed(matrix.base, rows, matrix.columns, directions, units, rank, q, qStride)
}

/// p[j, :] += sum over rows of q[j * qStride + row] * matrix row, block by block.
@Sendable func addFixed(
  _ matrix: FixedRows, _ rows: Int, _ q: UnsafePointer<Float>, _ qStride: Int, _ rank: Int,
  _ p: UnsafeMutablePointer<Float>
) {
  var row = 0
  while row < rows {
    let count = rows - row < FixedRows.blockRows ? rows - row : FixedRows.blockRows
    kv_add_fixed(
      matrix.from(row).base, count, matrix.columns, matrix.unit, q + row, qStride, rank, FixedRows.mostFactor, p)
    row = row + count
  }
}
