import Foundation

extension Value {
  /// How the value is written in the language: strings quoted.
  public var display: String { display(depth: 0) }

  /// How the value prints and interpolates: a string as it is.
  public var text: String { if case .string(let text) = self { text } else { display } }

  private func display(depth: Int) -> String {
    guard depth < 40 else { return "…" }
    switch self {
    case .nil: return "nil"
    case .bool(let flag): return flag ? "true" : "false"
    case .int(let number): return String(number)
    case .float(let number): return String(number)
    case .string(let text): return Self.quoted(text)
    case .list(let elements): return "[" + elements.map { $0.display(depth: depth + 1) }.joined(separator: ", ") + "]"
    case .record(let record):
      let entries = zip(record.keys, record.values).map { key, value in
        (Self.isWord(key) ? key : Self.quoted(key)) + ": " + value.display(depth: depth + 1)
      }
      return "{" + entries.joined(separator: ", ") + "}"
    case .table(let table): return depth == 0 ? TableDisplay().render(table) : "table of \(table.rowCount) rows"
    case .range(let range): return "\(range.first)..\(range.last)" + (range.step == 1 ? "" : " by \(range.step)")
    case .function(let function):
      let names = function.parameters.map(\.name).joined(separator: ", ")
      return function.name.isEmpty ? "(\(names)) -> …" : "\(function.name)(\(names))"
    case .share(let share): return Self.percent(share)
    case .bytes(let count): return Self.size(count)
    case .object(let object): return object.display
    }
  }

  static func percent(_ share: Double) -> String { String(format: "%.10g%%", share * 100) }

  /// Exact: the largest unit that divides the size.
  static func size(_ bytes: Int) -> String {
    for (unit, factor) in [("TiB", 1 << 40), ("GiB", 1 << 30), ("MiB", 1 << 20), ("KiB", 1 << 10)]
    where bytes != 0 && bytes % factor == 0 {
      return "\(bytes / factor)\(unit)"
    }
    return "\(bytes)B"
  }

  static func isWord(_ text: String) -> Bool {
    guard let first = text.utf8.first, Lexer.isWordStart(first) else { return false }
    return text.utf8.allSatisfy(Lexer.isWordPart)
  }

  static func quoted(_ text: String) -> String {
    var quoted = "\""
    for character in text {
      switch character {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\n": quoted += "\\n"
      case "\t": quoted += "\\t"
      case "\r": quoted += "\\r"
      case "{": quoted += "\\{"
      default: quoted.append(character)
      }
    }
    return quoted + "\""
  }
}

extension Value: CustomStringConvertible {
  public var description: String { display }
}
