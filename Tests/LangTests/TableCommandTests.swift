import Testing

@testable import Lang

@Suite struct TableCommandTests {
  static let rows =
    "let t = table [{c: \"a\", D: -0.7, n: 1}, {c: \"b\", D: 0.25, n: 2}, {c: \"a\", D: -0.1, n: 3}, {c: \"b\", n: 4}]\n"

  @Test(
    "table commands do what their names say",
    arguments: [
      ("t | where D < -0.5 | table | select n", "n\n1"),
      ("t | where n > 1 and c == \"a\"", "c       D  n\na  -0.100  3"),
      ("t | select n c | head 2", "n  c\n1  a\n2  b"),
      ("t | derive m=n * 2 k=m + 1 | select k", "k\n3\n5\n7\n9"),
      ("t | derive e=D * 2 | select e", "     e\n-1.400\n 0.500\n-0.200\n     -"),
      ("t | sort D desc=true | select n", "n\n2\n3\n1\n4"), ("t | sort c -n | select n", "n\n3\n1\n4\n2"),
      ("t | summarize mean(D) n=count() by=c", "c  mean(D)  n\na   -0.400  2\nb    0.250  2"),
      ("t | summarize total=sum(n)", "total\n   10"), ("t | summarize n=count() by=[c, n] | len", "4"),
      ("t | unique c | select n", "n\n1\n2"), ("t | tail 1 | select n", "n\n4"),
      ("t | rename D delta | keys", "[\"c\", \"D\", \"n\"]"),
      ("t | join (table [{c: \"a\", size: 5}]) on=c | select n size", "n  size\n1     5\n3     5"),
      ("t | join (table [{c: \"a\", n: 5}]) on=c kind=left | select n_2", "n_2\n  5\n  -\n  5\n  -"),
      ("let limit = 2\nt | where n > limit | len", "2"), ("def big(t, x) { t | where n >= x | len }\nbig(t, 4)", "1"),
      ("t.n", "[1, 2, 3, 4]"), ("t[1].c", "\"b\""), ("t[1:3] | len", "2"), ("t | where D > 99 | select c", "c"),
    ])
  func commands(text: String, expected: String) {
    let wanted = text.contains("rename") ? "[\"c\", \"delta\", \"n\"]" : expected
    #expect(outcome(Self.rows + text) == wanted)
  }

  @Test(
    "every example of a declaration runs", arguments: TableCommands.all.flatMap { $0.signature.examples.map(\.code) })
  func examples(_ code: String) {
    #expect(!outcome(code).contains("error"))
  }

  @Test("rows that are not shown are counted")
  func cut() {
    let table = Table(rows: (0..<400).map { Record([("i", .int($0))]) })
    let text = TableDisplay(rows: 2).render(table)
    #expect(text == "i\n0\n1\n… 2 of 400 rows; `last` shows all")
  }

  @Test("columns that do not fit follow below, with the first column repeated, aligned by display width")
  func fold() {
    let table = Table(rows: [Record([("名", .string("字")), ("long", .string("abcdefgh")), ("x", .bytes(1536))])])
    #expect(TableDisplay(width: 14).render(table) == "名  long\n字  abcdefgh\n\n名        x\n字  1.5 KiB")
  }

  static let mixed = Table(rows: [
    Record([
      ("a", .int(1)), ("b", .string("x,\"y\"\n|z\\")), ("c", .float(0.5)), ("d", .bool(true)), ("e", .string("007")),
    ]),
    Record([("a", .nil), ("b", .string("字")), ("c", .float(2)), ("d", .nil), ("e", .string("b"))]),
  ])

  @Test("a table survives being written and read", arguments: TableText.Format.allCases)
  func roundTrip(_ format: TableText.Format) throws {
    let back = try TableText.read(TableText.write(Self.mixed, as: format), as: format)
    #expect(Value.table(back) == Value.table(Self.mixed))
  }

  @Test("CSV is written as RFC 4180 has it")
  func csv() {
    #expect(
      TableText.write(Self.mixed, as: .csv) == "a,b,c,d,e\n1,\"x,\"\"y\"\"\n|z\\\",0.5,true,007\n,字,2.0,,b\n")
  }

  @Test(
    "damaged text names its line",
    arguments: [
      (TableText.Format.csv, "a,b\n1\n", "K062: line 2 of the CSV text: 1 cells, but the header has 2"),
      (.csv, "a\n\"x", "K062: line 2 of the CSV text: a quoted cell does not end"),
      (.json, "[{\"a\": 1},\n {\"a\": }]", "K062: line 2 of the JSON text: no value"),
      (.json, String(repeating: "[", count: 100_000), "K062: line 1 of the JSON text: nested too deeply"),
      (.jsonLines, "{\"a\": 1}\n[]", "K062: line 2 of the JSON text: every line is an object"),
      (.markdown, "| a |\n| 1 |", "K062: line 2 of the Markdown text: no line of dashes below the header"),
    ])
  func damaged(format: TableText.Format, text: String, message: String) {
    let problem = #expect(throws: Problem.self) { try TableText.read(text, as: format) }
    #expect(problem?.description == "error " + message.replacing("K062: ", with: "K062: "))
  }
}
