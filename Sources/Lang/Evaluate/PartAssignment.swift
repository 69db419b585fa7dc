/// `x.a[0] = e`: changes a part of a variable's value in place.
enum PartAssignment {
  enum Step {
    case field(String, Span)
    case index(Value, Span)

    var span: Span {
      switch self {
      case .field(_, let span), .index(_, let span): span
      }
    }
  }

  /// Replaces the part at the end of `path` by what `change` makes of it; nil stands for a field that is new.
  ///
  /// Every level is taken out of its variable or list before it changes, so that it has one owner and is not copied.
  static func change(
    _ value: inout Value, _ path: ArraySlice<Step>, _ change: (Value?) throws -> Value
  ) throws {
    guard let step = path.first else {
      value = try change(value)
      return
    }
    let rest = path.dropFirst()
    switch (value, step) {
    case (.list, .index(.int(let number), let span)):
      guard case .list(var elements) = value else { return }
      let position = try Elements.position(number, elements.count, span)
      value = .nil
      defer { value = .list(elements) }
      try self.change(&elements[position], rest, change)
    case (.record, .field(let name, let span)), (.record, .index(.string(let name), let span)):
      guard case .record(var record) = value else { return }
      guard let old = record[name] else {
        guard rest.isEmpty else { throw Problem.unknownField(name, of: "record", known: record.keys, at: span) }
        record[name] = try change(nil)
        value = .record(record)
        return
      }
      value = .nil
      defer { value = .record(record) }
      var part = old
      record[name] = .nil
      defer { record[name] = part }
      try self.change(&part, rest, change)
    case (.table, .field(let name, let span)), (.table, .index(.string(let name), let span)):
      guard case .table(var table) = value, rest.isEmpty else { throw Problem.notAssignable(value.type, at: step.span) }
      let cells = try change(table.column(name).map { .list($0.values) })
      table.set(.init(name, try column(cells, table, at: span)))
      value = .table(table)
    default: throw Problem.notAssignable(value.type, at: step.span)
    }
  }

  /// A list with a value for every row, or one value for all.
  private static func column(_ cells: Value, _ table: Table, at span: Span) throws -> ColumnData {
    guard case .list(let values) = cells else {
      return ColumnData(Array(repeating: cells, count: table.columns.isEmpty ? 1 : table.rowCount))
    }
    guard table.columns.isEmpty || values.count == table.rowCount else {
      throw Problem.columnLength(values.count, rows: table.rowCount, at: span)
    }
    return ColumnData(values)
  }
}
