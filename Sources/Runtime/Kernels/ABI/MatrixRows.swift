/// Rows of a matrix as they lie in memory, [rows, columns], in single or half precision.
public struct MatrixRows: BitwiseCopyable {
  public let base: UnsafeRawPointer
  public let isHalf: Bool
  public let columns: Int

  public init(_ base: UnsafePointer<Float>, columns: Int) {
    self.init(UnsafeRawPointer(base), isHalf: false, columns)
  }

  public init(_ base: UnsafePointer<UInt16>, columns: Int) {
    self.init(UnsafeRawPointer(base), isHalf: true, columns)
  }

  private init(_ base: UnsafeRawPointer, isHalf: Bool, _ columns: Int) {
    self.base = base
    self.isHalf = isHalf
    self.columns = columns
  }

  /// The rows from `row` on.
  public func from(_ row: Int) -> MatrixRows {
    MatrixRows(base + row * columns * (isHalf ? 2 : 4), isHalf: isHalf, columns)
  }
}
