import Testing

@testable import Lang

/// Sorting by keys taken out once, against sorting by comparing values.
@Suite struct RowOrderTests {
  /// What the order means, said plainly.
  static func plain(_ keys: [[Value]], count: Int, descending: Bool) -> [Int] {
    (0..<count).sorted { left, right in
      for key in keys {
        let (a, b) = (key[left], key[right])
        if a.isMissing != b.isMissing { return b.isMissing }
        if Value.sortsBefore(a, b) { return !descending }
        if Value.sortsBefore(b, a) { return descending }
      }
      return left < right
    }
  }

  /// Cells of one kind, many of them equal, some missing.
  static let kinds: [(name: String, cell: @Sendable (Int) -> Value)] = [
    ("whole numbers", { .int([Int.min, -256, -1, 0, 1, 255, 65_536, Int.max][$0 & 7]) }),
    (
      "numbers",
      {
        .float(
          [
            -.infinity, -1e300, -1.5, -.leastNonzeroMagnitude, -0.0, 0, .leastNonzeroMagnitude, 0.1, 1.5, 1e300,
            .infinity, .nan, -.nan,
          ][$0 % 13])
      }
    ),
    ("few texts", { .string(["", "a", "B", "ä", "a\u{308}", "b", "字", "zz"][$0 & 7]) }),
    ("many texts", { .string("text \($0 &* 7919 % 1_000)") }), ("truth", { .bool($0 & 1 == 0) }),
    ("shares", { .share(Double($0 % 11) / 10 - 0.5) }), ("sizes", { .bytes(($0 % 9 - 4) << 40) }),
    ("lists", { .list([.int($0 % 3), .int($0 % 5)]) }),
    ("whole numbers and fractions", { $0 & 1 == 0 ? .int($0 % 7 - 3) : .float(Double($0 % 9) / 2 - 2) }),
    ("nothing but missing", { _ in .nil }),
  ]

  @Test("the order is that of comparing, in both directions, with missing values last", arguments: kinds.indices)
  func same(_ index: Int) throws {
    var random = SeededGenerator(state: UInt64(index))
    for count in [0, 1, 2, 17, 300] {
      let cells = (0..<count).map { _ -> Value in
        let number = Int.random(in: 0...10_000, using: &random)
        return number % 10 == 0 ? .nil : Self.kinds[index].cell(number)
      }
      for descending in [false, true] {
        let found = try RowOrder.rows([ColumnData(cells)], count: count, descending: descending) {}
        #expect(found == Self.plain([cells], count: count, descending: descending), "\(Self.kinds[index].name)")
      }
    }
  }

  @Test("several keys: the first counts most, rows equal in all keep their order", arguments: [false, true])
  func several(_ descending: Bool) throws {
    var random = SeededGenerator(state: descending ? 8 : 9)
    for _ in 0..<20 {
      let keys = (0..<3).map { _ -> [Value] in
        let kind = Int.random(in: 0..<Self.kinds.count, using: &random)
        return (0..<200).map { _ in Self.kinds[kind].cell(Int.random(in: 0...40, using: &random)) }
      }
      let found = try RowOrder.rows(keys.map { ColumnData($0) }, count: 200, descending: descending) {}
      #expect(found == Self.plain(keys, count: 200, descending: descending))
    }
  }

  @Test("mixed values have an order of their kinds, and sorting them never fails")
  func mixed() throws {
    let values: [Value] = [.string("a"), .int(2), .nil, .bool(true), .float(.nan), .share(0.5), .bytes(1), .list([])]
    let found = try RowOrder.rows([ColumnData(values)], count: 8) {}
    #expect(found.sorted() == Array(0..<8) && found.suffix(2) == [4, 2] && found.first == 3)
  }

  @Test("whoever asks for an end gets it between steps", arguments: kinds.indices)
  func ends(_ index: Int) {
    struct End: Error {}
    let cells = (0..<9_000).map { Self.kinds[index].cell($0 &* 31) }
    // A column without a single value has nothing to be done.
    guard cells.contains(where: { !$0.isMissing }) else { return }
    var asked = 0
    #expect(throws: End.self) {
      try RowOrder.rows([ColumnData(cells)], count: cells.count) {
        asked += 1
        if asked == 2 { throw End() }
      }
    }
    #expect(asked == 2)
  }

  @Test("Ctrl-C before a sort ends it")
  func cancelled() throws {
    let interpreter = session().interpreter
    try interpreter.run(Source(name: "t.kvs", text: "let t = table {n: [3, 1, 2]}"))
    let sort = Source(name: "t.kvs", text: "(t | sort n).n")
    interpreter.context.cancellation.cancel()
    #expect(throws: CancellationProblem.self) { try interpreter.run(sort) }
    interpreter.context.cancellation.reset()
    #expect(try interpreter.run(sort) == .list([.int(1), .int(2), .int(3)]))
  }

  @Test("whoever asks for an end gets it while a table is read or grouped", arguments: TableText.Format.allCases)
  func readingEnds(_ format: TableText.Format) throws {
    struct End: Error {}
    let rows = 9_000
    let table = Table(columns: [
      .init("text", .strings((0..<rows).map { "c\($0 % 7)" })), .init("n", .ints((0..<rows).map { $0 })),
    ])
    let text = TableText.write(table, as: format)
    var asked = 0
    #expect(throws: End.self) {
      try TableText.read(text, as: format) {
        asked += 1
        if asked == 2 { throw End() }
      }
    }
    #expect(asked == 2)
    #expect(try TableText.read(text, as: format).rowCount == rows)
    #expect(throws: End.self) { try table.groups(by: [0, 1]) { throw End() } }
    #expect(table.groups(by: [0]).count == 7)
  }
}
