import Foundation

/// Values as JSON and back.
public enum ValueJSON {
  /// Shares are numbers, sizes are bytes, NaN is null, functions and host values are their display.
  public static func write(_ value: Value) -> String { json(value).text }

  static func write(_ table: Table) -> String {
    let rows = (0..<table.rowCount).map { json(.record(table.row($0))).text }
    return rows.isEmpty ? "[]\n" : "[\n" + rows.joined(separator: ",\n") + "\n]\n"
  }

  static func writeLines(_ table: Table) -> String {
    (0..<table.rowCount).map { json(.record(table.row($0))).text + "\n" }.joined()
  }

  private static func json(_ value: Value) -> JSONText {
    switch value {
    case .nil: .raw("null")
    case .bool(let flag): .raw(flag ? "true" : "false")
    case .int(let number): .raw(String(number))
    case .float(let number), .share(let number): .raw(number.isFinite ? String(number) : "null")
    case .bytes(let bytes): .raw(String(bytes))
    case .string(let text): .string(text)
    case .list(let elements): .array(elements.map(json))
    case .record(let record): .object(zip(record.keys, record.values).map { ($0, json($1)) })
    case .table(let table): .array((0..<table.rowCount).map { json(.record(table.row($0))) })
    case .range(let range): .array((0..<min(range.count, 1_000_000)).map { .raw(String(range[$0])) })
    case .function, .object: .string(value.text)
    }
  }

  /// Any JSON text as a value.
  public static func read(_ text: String) throws -> Value {
    var reader = JSONReader(text)
    return try reader.document()
  }

  static func readTable(_ text: String, _ check: @escaping () throws -> Void) throws -> Table {
    var reader = JSONReader(text, check: check)
    guard case .list(let elements) = try reader.document() else {
      throw Problem.unreadableText("JSON", "a table is a list of objects", line: 1)
    }
    return Table(
      rows: try elements.map { element in
        guard case .record(let record) = element else {
          throw Problem.unreadableText("JSON", "a table is a list of objects", line: 1)
        }
        return record
      })
  }

  static func readLines(_ text: String, _ check: () throws -> Void) throws -> Table {
    var rows: [Record] = []
    for (index, line) in TextLines.of(text).enumerated()
    where !line.allSatisfy(\.isWhitespace) {
      if index & 0xFFF == 0 { try check() }
      var reader = JSONReader(String(line), line: index + 1)
      guard case .record(let record) = try reader.document() else {
        throw Problem.unreadableText("JSON", "every line is an object", line: index + 1)
      }
      rows.append(record)
    }
    return Table(rows: rows)
  }
}
