/// Rows under named, typed columns.
public struct Table: Sendable {
  public private(set) var columns: [Column]
  public private(set) var rowCount: Int

  /// One named column.
  public struct Column: Sendable {
    public var name: String
    public var data: ColumnData

    public init(_ name: String, _ data: ColumnData) {
      self.name = name
      self.data = data
    }
  }

  /// A table without rows and columns.
  public init() {
    columns = []
    rowCount = 0
  }

  /// Columns of one length; shorter ones are filled up with missing values, a repeated name keeps the last column.
  public init(columns: [Column]) {
    rowCount = columns.map(\.data.count).max() ?? 0
    self.columns = []
    for column in columns { self.set(column) }
  }

  /// Rows given as records; a name that a row lacks is missing there.
  public init(rows: [Record]) {
    var names: [String] = []
    var seen: Set<String> = []
    for row in rows { for key in row.keys where seen.insert(key).inserted { names.append(key) } }
    self.init(columns: names.map { name in Column(name, ColumnData(rows.map { $0[name] ?? .nil })) })
    rowCount = rows.count
  }

  public var columnNames: [String] { columns.map(\.name) }

  /// Position of a column.
  public func columnIndex(_ name: String) -> Int? { columns.firstIndex { $0.name == name } }

  /// The data of a column.
  public func column(_ name: String) -> ColumnData? { columns.first { $0.name == name }?.data }

  /// One cell, `.nil` if the column or the row does not exist or the value is missing.
  public func cell(_ row: Int, _ column: String) -> Value {
    guard let data = self.column(column), row >= 0, row < data.count else { return .nil }
    return data[row]
  }

  /// One row as a record.
  public func row(_ index: Int) -> Record { row(index, of: rowNames) }

  /// A record with the columns' names, which all rows can share.
  var rowNames: Record { Record(columns.map { ($0.name, .nil) }) }

  /// One row as a record made from `rowNames`.
  func row(_ index: Int, of names: Record) -> Record {
    names.with(values: columns.map { index >= 0 && index < rowCount ? $0.data[index] : .nil })
  }

  /// Adds a column or replaces the one of that name.
  public mutating func set(_ column: Column) {
    var column = column
    if columns.isEmpty, rowCount == 0 { rowCount = column.data.count }
    column.data.resize(to: rowCount)
    if let index = columnIndex(column.name) { columns[index] = column } else { columns.append(column) }
  }

  /// The rows at these positions, in this order; positions outside the table become rows of missing values.
  public func rows(at indices: [Int]) -> Table {
    var table = Table()
    table.columns = columns.map { Column($0.name, $0.data.gather(indices)) }
    table.rowCount = indices.count
    return table
  }
}
