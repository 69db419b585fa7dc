/// The commands that work on tables and lists; a host adds them to its registry.
public enum TableCommands {
  public static let all: [any Command] = [
    WhereCommand(),
    SelectCommand(),
    DeriveCommand(),
    SortCommand(),
    SummarizeCommand(),
    PivotCommand(),
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
}
