import Testing

@testable import Lang

/// Tables written to a file and read again.
@Suite struct RoundTripTests {
  /// A table with columns of every kind, and cells that a careless writer would damage.
  private static func table(_ seed: UInt64) -> Table {
    var generator = SeededGenerator(state: seed)
    let texts = [
      "plain", "", " spaced ", "a,b", "\"quoted\"", "two\nlines", "tab\there", "字", "😀", "007", "12", "1.5", "true",
      "nil",
      "-", "|", "\\", "\\n", "{x}", "#", "'", "e\u{301}", "1e5", "nan",
      "\"\u{301}", "a\"\u{7ec}\"b", "two\r\nlines", ",\u{301}",
    ]
    func cells<Cell>(_ count: Int, _ make: (inout SeededGenerator) -> Cell) -> [Cell?] {
      (0..<count).map { _ in Bool.random(using: &generator) ? make(&generator) : nil }
    }
    let rows = Int.random(in: 1...6, using: &generator)
    func whole(_ generator: inout SeededGenerator) -> Int { Int.random(in: Int.min...Int.max, using: &generator) }
    return Table(columns: [
      .init("i", .ints([Int.random(in: -9...9, using: &generator)] + cells(rows) { whole(&$0) })),
      .init("x", .floats([0.5] + cells(rows) { Double.random(in: -1e9...1e9, using: &$0) })),
      .init("flag", .bools([true] + cells(rows) { Bool.random(using: &$0) })),
      .init("a \"b\", c", .strings(["first"] + cells(rows) { texts.randomElement(using: &$0) ?? "" })),
    ])
  }

  @Test("a table comes back as it was, whatever its cells hold", arguments: [TableText.Format.csv, .json, .jsonLines])
  func exact(_ format: TableText.Format) throws {
    for seed in 1...200 as ClosedRange<UInt64> {
      let table = Self.table(seed)
      let text = TableText.write(table, as: format)
      #expect(Value.table(try TableText.read(text, as: format)) == Value.table(table), "\(text)")
    }
  }

  @Test("Markdown keeps every number and every text but its outer spaces")
  func markdown() throws {
    let table = Table(columns: [
      .init("n", .ints([1, nil, -3])), .init("a | b", .strings(["x|y", "two\nlines", "back\\slash"])),
    ])
    let text = TableText.write(table, as: .markdown)
    #expect(
      text == "| n | a \\| b |\n| ---: | --- |\n| 1 | x\\|y |\n|  | two<br>lines |\n| -3 | back\\\\slash |\n")
    #expect(Value.table(try TableText.read(text, as: .markdown)) == Value.table(table))
  }

  @Test("a mark over a separator or a quote does not hide it", arguments: ["|", "\\", "\"", "{", "<"])
  func combining(sign: String) throws {
    let text = "a\(sign)\u{301}b"
    let table = Table(columns: [.init("n", .ints([1])), .init("text", .strings([text]))])
    for format in TableText.Format.allCases {
      let again = try TableText.read(TableText.write(table, as: format), as: format)
      #expect(again.row(0)["text"] == .string(text), "\(format)")
    }
    let written = Value.string(text).display
    #expect(outcome(written) == written)
    #expect(Value.string("a\r\nb").display == "\"a\\r\\nb\"")
  }

  @Test("lines may end as they do on other systems", arguments: [TableText.Format.csv, .jsonLines, .markdown])
  func carriageReturns(_ format: TableText.Format) throws {
    let table = Table(columns: [.init("a", .ints([1, 2])), .init("b", .strings(["x", "y"]))])
    let text = TableText.write(table, as: format).replacing("\n", with: "\r\n")
    #expect(Value.table(try TableText.read(text, as: format)) == Value.table(table))
  }

  @Test("a column of one may have missing cells, and what stands in quotes is text")
  func single() throws {
    let table = Table(columns: [.init("a", .ints([1, nil, 3]))])
    #expect(TableText.write(table, as: .csv) == "a\n1\n\n3\n")
    #expect(Value.table(try TableText.read("a\n1\n\n3\n", as: .csv)) == Value.table(table))
    #expect(try TableText.read("a,b\n\"1\",2\n", as: .csv).row(0)["a"] == .string("1"))
  }

  @Test("a cell wider than the terminal goes on below, at spaces, and nothing is left out")
  func wrapped() {
    let table = Table(columns: [
      .init("n", .ints([1])), .init("text", .strings(["the quick brown fox jumps over 字字字字字字字字字"])),
    ])
    #expect(
      TableDisplay(width: 20, wraps: true).render(table) == """
        n  text
        1  the quick brown
           fox jumps over
           字字字字字字字字
           字
        """)
  }
}
