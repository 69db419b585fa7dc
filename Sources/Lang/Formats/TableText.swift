/// Tables as text for files and other programs, and back. Everything is written in full.
public enum TableText {
  /// A format by its usual file extension.
  public enum Format: String, CaseIterable, Sendable {
    case csv, json
    case jsonLines = "jsonl"
    case markdown = "md"
  }

  public static func write(_ table: Table, as format: Format) -> String {
    switch format {
    case .csv: CSVText.write(table)
    case .json: ValueJSON.write(table)
    case .jsonLines: ValueJSON.writeLines(table)
    case .markdown: MarkdownText.write(table)
    }
  }

  /// Throws a `Problem` that names the damaged line, and what `check` throws, which is asked every few thousand cells.
  public static func read(
    _ text: String, as format: Format, check: @escaping () throws -> Void = {}
  ) throws -> Table {
    switch format {
    case .csv: try CSVText.read(text, check)
    case .json: try ValueJSON.readTable(text, check)
    case .jsonLines: try ValueJSON.readLines(text, check)
    case .markdown: try MarkdownText.read(text, check)
    }
  }

  /// A cell of a text format; nil is missing.
  struct Cell {
    var text: String?
    /// It is text, whatever it looks like.
    var isQuoted = false
  }

  /// Columns of text cells read as whole numbers, numbers or true and false where every cell is one; empty is missing.
  static func typed(_ name: String, _ cells: [Cell], _ check: () throws -> Void) throws -> Table.Column {
    func all(_ test: (String) -> Bool) throws -> Bool {
      for (row, cell) in cells.enumerated() {
        if row & 0xFFFF == 0 { try check() }
        if let text = cell.text, !test(text) { return false }
      }
      return true
    }
    let strings = Table.Column(name, .strings(cells.map(\.text)))
    if cells.contains(where: { $0.isQuoted && $0.text != nil }) || cells.allSatisfy({ $0.text == nil }) {
      return strings
    }
    if try all(isWhole) { return .init(name, .ints(cells.map { $0.text.flatMap { Int($0) } })) }
    if try all(isNumber) { return .init(name, .floats(cells.map { $0.text.flatMap { Double($0) } })) }
    if try all({ $0 == "true" || $0 == "false" }) {
      return .init(name, .bools(cells.map { $0.text.map { $0 == "true" } }))
    }
    return strings
  }

  /// Whether a text alone would be read as something else.
  static func looksTyped(_ text: String) -> Bool {
    isWhole(text) || isNumber(text) || text == "true" || text == "false"
  }

  /// A number that would be written differently ("007") is text.
  private static func isWhole(_ text: String) -> Bool { Int(text).map { String($0) == text } ?? false }

  private static func isNumber(_ text: String) -> Bool {
    guard Double(text) != nil, let first = text.utf8.first else { return false }
    if ["nan", "inf", "-inf"].contains(text) { return true }
    let digits = first == UInt8(ascii: "-") ? text.dropFirst() : text[...]
    let leadingZero = digits.hasPrefix("0") && digits.count > 1 && digits.dropFirst().first?.isNumber == true
    return !leadingZero && text.utf8.allSatisfy { Lexer.isDigit($0) || "+-.eE".utf8.contains($0) }
  }

  /// A cell in full, without quotes; nil is missing.
  static func cell(_ value: Value) -> String? {
    switch value {
    case .nil: nil
    case .share(let share): String(share)
    case .bytes(let bytes): String(bytes)
    case .list, .record: ValueJSON.write(value)
    default: value.text
    }
  }
}
