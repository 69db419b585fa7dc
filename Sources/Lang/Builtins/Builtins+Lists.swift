extension Builtins {
  static let lists: [Builtin] = [
    Builtin("len", "how many elements a list, range, record or string has, or rows a table", ["x"], result: .int) {
      call in
      switch call.value(0) {
      case .list(let elements): return .int(elements.count)
      case .range(let range): return .int(range.count)
      case .record(let record): return .int(record.count)
      case .string(let text): return .int(text.count)
      case .table(let table): return .int(table.rowCount)
      case .object(let object) where object.elementCount != nil: return .int(object.elementCount ?? 0)
      default: throw call.wrong(call.value(0), "list, range, record, string or table")
      }
    },
    Builtin(
      "sort", "the list in ascending order, or in the order of a key", ["list:list", "key:function?"], result: .list
    ) { call in
      let elements = try call.list(0)
      let function = call.isGiven(1) ? try call.function(1) : nil
      let keys = try function.map { function in try elements.map { try call.apply(function, [$0]) } } ?? elements
      let order = try RowOrder.rows([ColumnData(keys)], count: keys.count) {
        try call.context.checkCancelled(at: call.span)
      }
      return .list(order.map { elements[$0] })
    },
    Builtin("unique", "the list without repeated elements, in order of first appearance", ["list:list"], result: .list)
    {
      call in
      var seen: Set<ValueKey> = []
      return .list(try call.list(0).filter { seen.insert(ValueKey(value: $0)).inserted })
    },
    Builtin("reverse", "the list from back to front", ["list:list"], result: .list) {
      .list(try $0.list(0).reversed())
    },
    Builtin("list", "the elements of a range, a text or a table's rows as a list", ["x"], result: .list) { call in
      .list(try call.list(0))
    },
    Builtin("flatten", "the elements of the lists in a list", ["list:list"], result: .list) { call in
      var flat: [Value] = []
      for element in try call.list(0) {
        if case .list(let inner) = element {
          try call.context.limits.check(elements: flat.count, inner.count, at: call.span)
          flat += inner
        } else {
          flat.append(element)
        }
      }
      return .list(flat)
    },
    Builtin(
      "merge", "a record with the names of both; the second one's values count", ["left:record", "right:record"],
      result: .record
    ) {
      call in
      guard case .record(var merged) = call.value(0) else { throw call.wrong(call.value(0), "record") }
      guard case .record(let other) = call.value(1) else { throw call.wrong(call.value(1), "record") }
      for (key, value) in zip(other.keys, other.values) { merged[key] = value }
      return .record(merged)
    },
    Builtin("without", "the record without some names, or the list without some elements", ["x", "names"]) { call in
      let names = if case .list = call.value(1) { try call.list(1) } else { [call.value(1)] }
      guard case .record(var record) = call.value(0) else {
        return .list(try call.list(0).filter { !names.contains($0) })
      }
      for name in names { record[name.text] = nil }
      return .record(record)
    },
    Builtin(
      "range", "the whole numbers from first to last, both included", ["first:int", "last:int", "step:int?"],
      result: .range
    ) {
      call in
      let step = call.isGiven(2) ? try call.int(2) : 1
      guard step != 0 else { throw call.domain("the step is 0") }
      return .range(IntRange(first: try call.int(0), last: try call.int(1), step: step))
    },
    Builtin("map", "a function of every element", ["list:list", "function:function"], result: .list) { call in
      let function = try call.function(1)
      return .list(try call.list(0).map { try call.apply(function, [$0]) })
    },
    Builtin(
      "filter", "the elements for which a function yields true", ["list:list", "function:function"], result: .list
    ) { call in
      let function = try call.function(1)
      return .list(try call.list(0).filter { try call.test(function, $0) })
    },
    Builtin("fold", "combines all elements, from a first value on", ["list:list", "first", "function:function"]) {
      call in
      let function = try call.function(2)
      return try call.list(0).reduce(call.value(1)) { try call.apply(function, [$0, $1]) }
    },
    Builtin(
      "any", "whether a function yields true for some element", ["list:list", "function:function?"], result: .bool
    ) { call in
      try quantify(call) { $0 } ? .bool(true) : .bool(false)
    },
    Builtin(
      "all", "whether a function yields true for every element", ["list:list", "function:function?"], result: .bool
    ) { call in
      try quantify(call) { !$0 } ? .bool(false) : .bool(true)
    },
    Builtin("zip", "pairs of elements with the same place in two lists", ["left:list", "right:list"], result: .list) {
      call in
      .list(zip(try call.list(0), try call.list(1)).map { .list([$0, $1]) })
    },
    Builtin("enumerate", "pairs of place and element", ["list:list"], result: .list) { call in
      .list(try call.list(0).enumerated().map { .list([.int($0.offset), $0.element]) })
    },
    Builtin("keys", "the names of a record or the columns of a table", ["x"], result: .list) { call in
      switch call.value(0) {
      case .record(let record): return .list(record.keys.map { .string($0) })
      case .table(let table): return .list(table.columnNames.map { .string($0) })
      default: throw call.wrong(call.value(0), "record or table")
      }
    },
    Builtin("values", "the values of a record or the columns of a table as lists", ["x"], result: .list) { call in
      switch call.value(0) {
      case .record(let record): return .list(record.values)
      case .table(let table): return .list(table.columns.map { .list($0.data.values) })
      default: throw call.wrong(call.value(0), "record or table")
      }
    },
  ]

  /// Whether some element passes.
  private static func quantify(_ call: BuiltinCall, _ passes: (Bool) -> Bool) throws -> Bool {
    let function = call.isGiven(1) ? try call.function(1) : nil
    for element in try call.list(0) {
      let flag: Bool
      if let function {
        flag = try call.test(function, element)
      } else {
        guard case .bool(let given) = element else { throw call.wrong(element, "list of true and false") }
        flag = given
      }
      if passes(flag) { return true }
    }
    return false
  }
}
