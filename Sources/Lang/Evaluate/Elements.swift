/// Reading elements, slices and fields out of values.
enum Elements {
  static func element(_ value: Value, _ index: Value, at span: Span) throws -> Value {
    switch (value, index) {
    case (.list(let elements), .int(let number)): return elements[try position(number, elements.count, span)]
    case (.range(let range), .int(let number)): return .int(range[try position(number, range.count, span)])
    case (.table(let table), .int(let number)): return .record(table.row(try position(number, table.rowCount, span)))
    case (.string(let text), .int(let number)):
      let characters = Array(text)
      return .string(String(characters[try position(number, characters.count, span)]))
    case (.list, .list), (.range, .list), (.table, .list), (.string, .list), (.list, .range), (.range, .range),
      (.table, .range), (.string, .range):
      return try gather(value, index, limit: 50_000_000, at: span)
    case (.record, .string(let name)), (.table, .string(let name)), (.object, .string(let name)):
      return try field(value, name, at: span)
    default: throw Problem.notIndexable(value.type, by: index.type, at: span)
    }
  }

  static func position(_ index: Int, _ count: Int, _ span: Span) throws -> Int {
    let position = index < 0 ? index &+ count : index
    guard position >= 0, position < count else { throw Problem.outsideIndex(index, count: count, at: span) }
    return position
  }

  /// Elements `low` up to `high` without it; bounds beyond the ends are the ends.
  static func slice(_ value: Value, _ low: Value, _ high: Value, at span: Span) throws -> Value {
    func bound(_ bound: Value, _ count: Int, _ otherwise: Int) throws -> Int {
      switch bound {
      case .nil: return otherwise
      case .int(let index): return min(max(index < 0 ? index &+ count : index, 0), count)
      default: throw Problem.notIndexable(value.type, by: bound.type, at: span)
      }
    }
    func range(_ count: Int) throws -> Range<Int> {
      let lower = try bound(low, count, 0)
      return lower..<max(lower, try bound(high, count, count))
    }
    switch value {
    case .list(let elements): return .list(Array(elements[try range(elements.count)]))
    case .string(let text):
      let characters = Array(text)
      return .string(String(characters[try range(characters.count)]))
    case .table(let table): return .table(table.rows(at: Array(try range(table.rowCount))))
    case .range(let numbers):
      let part = try range(numbers.count)
      if part.isEmpty { return .list([]) }
      return .range(IntRange(first: numbers[part.lowerBound], last: numbers[part.upperBound - 1], step: numbers.step))
    default: throw Problem.notIndexable(value.type, by: .range, at: span)
    }
  }

  static func field(_ value: Value, _ name: String, at span: Span) throws -> Value {
    switch value {
    case .record(let record):
      if let found = record[name] { return found }
      throw Problem.unknownField(name, of: "record", known: record.keys, at: span)
    case .table(let table):
      if let column = table.column(name) { return .list(column.values) }
      throw Problem.unknownColumn(name, columns: table.columnNames, at: span)
    case .object(let object):
      if let found = object.field(name) { return found }
      throw Problem.unknownField(name, of: object.typeName, known: object.fieldNames, at: span)
    default: throw Problem.unknownField(name, of: value.type.name, known: [], at: span)
    }
  }

  /// All elements as a list.
  static func list(_ value: Value, limit: Int, at span: Span?) throws -> [Value] {
    switch value {
    case .list(let elements): return elements
    case .range(let range):
      guard range.count <= limit else { throw Problem.listTooLong(limit, at: span) }
      return (0..<range.count).map { .int(range[$0]) }
    case .record(let record): return record.keys.map { .string($0) }
    case .table(let table):
      guard table.rowCount <= limit / max(1, table.columns.count) else { throw Problem.listTooLong(limit, at: span) }
      let names = table.rowNames
      return (0..<table.rowCount).map { .record(table.row($0, of: names)) }
    case .string(let text):
      guard text.utf8.count <= limit || text.count <= limit else { throw Problem.listTooLong(limit, at: span) }
      return text.map { .string(String($0)) }
    case .object(let object) where object.elementCount != nil:
      let count = object.elementCount ?? 0
      guard count <= limit else { throw Problem.listTooLong(limit, at: span) }
      let place = span ?? Compiler.nowhere
      return try (0..<count).map { try object.element([.index(.int($0))], at: place) ?? .nil }
    default:
      guard let span else { throw Problem("K046", seen: "a \(value.type.name) has no elements to go through") }
      throw Problem.notIterable(value.type, at: span)
    }
  }
}
