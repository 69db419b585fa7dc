/// How deep and how large a value is with everything in it.
///
/// Lists share their parts, so a few lines can write a value that would take forever to print or compare, and one so
/// deep that freeing it would use up the stack. Whatever puts values into values is measured.
enum Nesting {
  /// Lists in records in lists and so on.
  static let maximumDepth = 500

  /// Throws `Problem` K008 or K049 for a value beyond the limits.
  static func check(_ value: Value, _ limits: Limits, at span: Span?) throws {
    guard holdsValues(value) else { return }
    var left = limits.listElements
    let depth = depth(value, maximumDepth + 1, &left)
    if left < 0 { throw Problem.listTooLong(limits.listElements, at: span) }
    if depth > maximumDepth { throw Problem.valueTooDeep(maximumDepth, at: span) }
  }

  static func holdsValues(_ value: Value) -> Bool {
    switch value {
    case .list, .record, .table, .function: true
    default: false
    }
  }

  /// Levels of a value; `left` counts its elements down and ends the walk below zero.
  private static func depth(_ value: Value, _ levels: Int, _ left: inout Int) -> Int {
    guard levels > 0, left >= 0 else { return 1 }
    switch value {
    case .list(let elements): return 1 + deepest(elements, levels, &left)
    case .record(let record): return 1 + deepest(record.values, levels, &left)
    case .table(let table):
      var deepest = 0
      for column in table.columns {
        left -= column.data.count
        guard case .values(let cells) = column.data else { continue }
        left += cells.count
        deepest = max(deepest, self.deepest(cells, levels, &left))
      }
      return 1 + deepest
    case .function(let function): return 1 + function.captureDepth
    default: return 0
    }
  }

  private static func deepest(_ values: [Value], _ levels: Int, _ left: inout Int) -> Int {
    left -= values.count
    var deepest = 0
    for value in values where holdsValues(value) {
      deepest = max(deepest, depth(value, levels - 1, &left))
      if left < 0 { break }
    }
    return deepest
  }

  /// Levels that a function holding this value has below it.
  static func captureDepth(_ value: Value) -> Int {
    var left = 1_000_000
    return depth(value, maximumDepth + 1, &left)
  }
}
