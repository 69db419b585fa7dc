/// Writes a value as the language writes it, up to a number of bytes: values share their parts, so that a small one may
/// be very long when it is written out.
struct ValueWriter {
  private(set) var text = ""
  /// The limit was reached and what follows is left out.
  private(set) var isCut = false
  private let limitBytes: Int

  init(limitBytes: Int) { self.limitBytes = limitBytes }

  private mutating func put(_ part: String) {
    if text.utf8.count + part.utf8.count > limitBytes { isCut = true } else { text += part }
  }

  /// - Parameter isInside: a part of another value, where a table would not be readable.
  mutating func write(_ value: Value, isInside: Bool = false) {
    if isCut { return }
    switch value {
    case .nil: put("nil")
    case .bool(let flag): put(flag ? "true" : "false")
    case .int(let number): put(String(number))
    case .float(let number): put(String(number))
    case .string(let text): put(Value.quoted(text))
    case .list(let elements):
      put("[")
      for (index, element) in elements.enumerated() where !isCut {
        if index > 0 { put(", ") }
        write(element, isInside: true)
      }
      put("]")
    case .record(let record):
      put("{")
      for (index, key) in record.keys.enumerated() where !isCut {
        put((index > 0 ? ", " : "") + (Value.isWord(key) ? key : Value.quoted(key)) + ": ")
        write(record.values[index], isInside: true)
      }
      put("}")
    case .table(let table):
      put(isInside ? "table of \(TableDisplay.count(table.rowCount, "row"))" : TableDisplay().render(table))
    case .range(let range): put("\(range.first)..\(range.last)" + (range.step == 1 ? "" : " by \(range.step)"))
    case .function(let function): put(Self.usage(function))
    case .share(let share): put(Value.percent(share))
    case .bytes(let count): put(Value.size(count))
    case .object(let object): put(object.display)
    }
  }

  /// `f(a, b=2)`.
  private static func usage(_ function: FunctionValue) -> String {
    let names = function.parameters.map { $0.name + ($0.defaultText.map { "=" + $0 } ?? "") }.joined(separator: ", ")
    return function.name.isEmpty ? "(\(names)) -> …" : "\(function.name)(\(names))"
  }
}
