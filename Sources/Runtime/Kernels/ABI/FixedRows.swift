/// Rows of a matrix in fixed point, [rows, columns], columns a multiple of 16: integers of 16 bits, at most `most` to either
/// side, times a unit.
public struct FixedRows: BitwiseCopyable {
  public static let most: Float = 16_383
  /// Rows that are multiplied from the left at once: as many products fit 32 bits.
  public static let blockRows = 32
  /// What factors of the left are rounded within.
  public static let mostFactor: Float = 4095

  public let base: UnsafePointer<Int16>
  public let unit: Float
  public let columns: Int

  public init(_ base: UnsafePointer<Int16>, unit: Float, columns: Int) {
    self.base = base
    self.unit = unit
    self.columns = columns
  }

  /// What directions, the factors of the right, are rounded within, so that two products for every 32 columns fit 32 bits.
  public var mostDirection: Float {
    min(16_383, (0x1p31 / (Self.most * 2 * Float((columns + 31) / 32))).rounded(.down) - 1)
  }

  /// The rows from `row` on.
  public func from(_ row: Int) -> FixedRows { FixedRows(base + row * columns, unit: unit, columns: columns) }
}
