/// An expression over the columns of a table, compiled once and evaluated per row or per group.
public struct RowExpression: Sendable {
  /// The name that stands for `count()`: the number of rows of a group.
  public static let countName = "count()"

  /// Free names in the order of their slots; each is a column of the table or a variable of the session.
  public let names: [String]
  /// Where each free name was first written.
  public let nameSpans: [Span]
  /// The source text.
  public let text: String
  public let span: Span
  let code: Code
  let slotCount: Int
  /// The slot of every name.
  let nameSlots: [Int]
  /// Values of the names that are variables where the expression was written.
  let captured: [Value?]

  /// The expression with the names of this table resolved; throws a `Problem` for a name that is neither.
  public func bind(to columns: [String], in context: Context) throws -> BoundRowExpression {
    try BoundRowExpression(self, columns: columns, context: context)
  }
}

/// A row expression whose names are tied to the columns of one table.
public struct BoundRowExpression {
  private let expression: RowExpression
  private let frame: Frame
  /// Slot and column of every name that is a column.
  private let loads: [(slot: Int, column: Int)]

  init(_ expression: RowExpression, columns: [String], context: Context) throws {
    self.expression = expression
    frame = Frame(count: expression.slotCount, context: context)
    var loads: [(slot: Int, column: Int)] = []
    for (index, name) in expression.names.enumerated() {
      let slot = expression.nameSlots[index]
      if let column = columns.firstIndex(of: name) {
        loads.append((slot, column))
      } else if let value = expression.captured[index] {
        frame.slots[slot] = value
      } else {
        throw Problem.unknownColumn(name, columns: columns, at: expression.nameSpans[index])
      }
    }
    self.loads = loads
  }

  /// Columns of the table that the expression reads.
  public var columnIndices: [Int] { loads.map(\.column) }

  /// The value for one row of a table with the columns that were bound.
  public func value(row: Int, of table: Table) throws -> Value {
    for load in loads { frame.slots[load.slot] = table.columns[load.column].data[row] }
    return try expression.code(frame)
  }

  /// The value with every column standing for whatever `cells` gives for it: a whole group's list, for instance.
  public func value(_ cells: (_ column: Int) -> Value) throws -> Value {
    for load in loads { frame.slots[load.slot] = cells(load.column) }
    return try expression.code(frame)
  }
}
