/// The commands that work on tables and lists; a host adds them to its registry.
public enum TableCommands {
  public static let all: [any Command] = [
    WhereCommand(),
    SelectCommand(),
    DeriveCommand(),
    SortCommand(),
    SummarizeCommand(),
    HeadCommand(),
    TailCommand(),
    UniqueCommand(),
    JoinCommand(),
    RenameCommand(),
    TableCommand(),
  ]

  static let group = "tables"
}

extension Table {
  /// The position of a column; throws with the columns there are.
  public func requiredColumn(_ name: String, at span: Span) throws -> Int {
    guard let index = columnIndex(name) else { throw Problem.unknownColumn(name, columns: columnNames, at: span) }
    return index
  }

  /// Positions of the columns that a call names in a `.column` parameter.
  public func columns(named parameter: String, in call: Call) throws -> [Int] {
    try (call.arguments[parameter] ?? []).flatMap { argument -> [Int] in
      guard case .value(let value) = argument.content else { return [] }
      let names: [Value] = if case .list(let list) = value { list } else { [value] }
      return try names.map { try requiredColumn($0.text, at: argument.span) }
    }
  }

  /// Rows with equal values in these columns, in order of first appearance.
  public func groups(by columns: [Int]) -> [[Int]] {
    if columns.isEmpty { return [Array(0..<rowCount)] }
    var groups: [[Int]] = []
    if columns.count == 1, case .strings(let cells) = self.columns[columns[0]].data {
      var places: [String?: Int] = [:]
      for (row, cell) in cells.enumerated() {
        if let place = places[cell] {
          groups[place].append(row)
        } else {
          places[cell] = groups.count
          groups.append([row])
        }
      }
      return groups
    }
    var places: [[ValueKey]: Int] = [:]
    for row in 0..<rowCount {
      let key = columns.map { ValueKey(value: self.columns[$0].data[row]) }
      if let place = places[key] {
        groups[place].append(row)
      } else {
        places[key] = groups.count
        groups.append([row])
      }
    }
    return groups
  }
}
