/// Rows of a matrix in single precision as they lie in memory, [rows, columns].
public struct MatrixRows: BitwiseCopyable {
  public let base: UnsafePointer<Float>
  public let columns: Int

  public init(_ base: UnsafePointer<Float>, columns: Int) {
    self.base = base
    self.columns = columns
  }

  /// The rows from `row` on.
  public func from(_ row: Int) -> MatrixRows { MatrixRows(base + row * columns, columns: columns) }
}
