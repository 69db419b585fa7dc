import Foundation
import Lang
import Testing

@testable import kvsh

/// What the shell remembers of a session, and what can be made of it again; the real program in a pseudo-terminal.
@Suite(.serialized)
struct SessionLinesTests {
  let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  private func shell(_ lines: String...) throws -> TerminalDriver {
    let driver = try TerminalDriver(KvshProgram.path, environment: KvshProgram.environment(home), columns: 120)
    try driver.expect("kvsh> ")
    for line in lines { try submit(line, to: driver) }
    return driver
  }

  /// What a line showed before the next prompt.
  @discardableResult
  private func submit(_ line: String, to driver: TerminalDriver) throws -> String {
    driver.send(line + "\r")
    try driver.expect("\r\n")
    return try driver.expect("kvsh> ")
  }

  @Test("history tells what was typed, how it ended and how long it took, in this session and the next")
  func history() throws {
    let first = try shell("1 + 1", "1 // 0", "nothing")
    first.send("print(\"go\" + \"ing\"); while true { }\r")
    try first.expect("\ngoing\r\n")
    first.send("\u{3}")
    try first.expect("kvsh> ")
    let table = try submit("history | select id status line", to: first)
    for row in [
      "1  done         1 + 1", "2  failed       1 // 0", "3  rejected     nothing", "4  interrupted  print(",
    ] { #expect(table.contains(row), "\(table)") }
    #expect(!table.contains("select"))
    let next = try shell()
    let times = try submit("history | where status == \"done\" | select id seconds started", to: next)
    // Lines end in CR LF, which a regular expression takes for one letter.
    for id in [1, 5] { #expect(times.contains(try Regex("\\s\(id) +\\d+\\.\\d+  20\\d\\d-")), "\(times)") }
    #expect(try submit("history 3", to: next).contains("line 3 kept no rows"))
    #expect(try submit("history 99", to: next).contains("there is no line 99"))
  }

  @Test("the rows of a past line come again, under its labels and in its order")
  func rowsAgain() throws {
    let test = try CommandSession(home)
    let rows = try test.table("compress [kivi(residual=32), h2o(budget=64)] | run sharegpt n=2 max=4 batch=1")
    #expect(rows.rowCount == 6)
    // Another line finds the same rows in the store, in another order and under another label.
    let other = try test.table("compress [h2o(budget=64), kivi(residual=32, bits=2)] | run sharegpt n=2 max=4 batch=1")
    let next = try CommandSession(home)
    for (line, table) in [(1, rows), (2, other)] {
      let again = try next.table("history \(line)")
      #expect(again.columnNames == table.columnNames)
      // What was asked and answered belongs to the data set, which `history` does not read.
      for name in table.columnNames where name != "reference" {
        #expect(again.cells(name) == table.cells(name), "\(name)")
      }
    }
    #expect(try next.table("history").ints("rows") == [6, 6])
  }

  @Test("a session is saved as a script that gives the same again; what failed or only looked is left out")
  func save() throws {
    let path = home.path + "/session.kvs"
    let driver = try shell()
    #expect(try submit("save \"\(path)\"", to: driver).contains("K596"))
    for line in [
      "let x = [1,\r2]", "1 // 0", "nothing", "help run", "x[0] + 40", "_ + 1", "def f(a) { a * 2 }", "f(last)",
    ] {
      driver.send(line + "\r")
      try driver.expect("kvsh> ")
    }
    driver.send("while true { }\r")
    usleep(200_000)
    driver.send("\u{3}")
    try driver.expect("kvsh> ")
    #expect(try submit("save \"\(path)\"", to: driver).contains("saved"))
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(
      text.split(separator: "\n").dropFirst() == [
        "let x = [1,", "2]", "x[0] + 40", "_ + 1", "def f(a) { a * 2 }", "f(last)",
      ])
    #expect(try KvshProgram.run([path], in: home) == .init(status: 0, output: "41\n42\n84\n", errors: ""))
  }

  @Test("source runs a file in the session, checks it first, and stops at a circle")
  func source() throws {
    let good = try home.file("good.kvs", "let fromFile = 20\nfromFile + 1\n")
    let bad = try home.file("bad.kvs", "print(\"ran\")\nnowhere\n")
    let circle = try home.file("circle.kvs", "source \"\(home.path)/circle.kvs\"\n")
    let driver = try shell()
    #expect(try submit("source \"\(good)\"", to: driver).contains("21\r\n"))
    #expect(try submit("fromFile * 2 + last", to: driver).contains("61\r\n"))
    let problem = try submit("source \"\(bad)\"", to: driver)
    #expect(problem.contains("bad.kvs:2:1") && !problem.contains("\nran"))
    #expect(try submit("source \"\(circle)\"", to: driver).contains("K594"))
    #expect(try submit("source \"\(home.path)/none.kvs\"", to: driver).contains("there is no such file"))
    let script = try KvshProgram.run(["-c", "source \"\(good)\"; fromFile"], in: home)
    #expect(script.status == 2, "a name out of a file that did not run yet is not known")
  }

  @Test("time says how long a pipeline took and hands its value on")
  func time() throws {
    let driver = try shell()
    let shown = try submit("let n = time map(1..1000, i -> i) | len", to: driver)
    #expect(shown.contains(/took \d+(\.\d+)? (s|ms|µs|ns)\r\n/))
    #expect(try submit("n", to: driver).contains("1000\r\n"))
    #expect(try submit("time [{a: 3}] | table | select a", to: driver).contains("a\r\n3\r\n"))
    #expect(try submit("time", to: driver).contains("`time` needs `work`"))
    #expect(try submit("let time = 5", to: driver) == "")
    #expect(try submit("time + 1", to: driver).contains("6\r\n"))
    let json = try KvshProgram.run(["--format", "json", "-c", "time 1 + 1"], in: home)
    #expect(json.output == "2\n" && json.errors.hasPrefix("took "))
  }

  @Test("keys that are typed while a line runs are kept for the next, and not echoed into what it prints")
  func typedAhead() throws {
    let driver = try shell()
    driver.send("print(\"be\" + \"gun\"); let i = 0; while i < 300000 { i = i + 1 }; print(\"en\" + \"ded\")\r")
    try driver.expect("\nbegun\r\n")
    driver.send("1 + 41\r2 + ")
    #expect(try driver.expect("ended\r\n") == "")
    try driver.expect("kvsh> 1 + 41")
    try driver.expect("\n42\r\n")
    try driver.expect("kvsh> 2 + ")
    driver.send("3\r")
    try driver.expect("5\r\n")
  }

  @Test("Ctrl-C leaves the rest of a long table out and gives the prompt back")
  func longTable() throws {
    let driver = try shell("let big = map(1..60000, i -> {number: i, text: \"row {i}\"}) | table")
    for _ in 0..<3 {
      driver.send("big | head 60000; last\r")
      usleep(150_000)
      driver.send("\u{3}\u{3}")
      try driver.expect("interrupted")
      try driver.expect("kvsh> ")
      #expect(try submit("6 * 7", to: driver).contains("42"))
    }
  }
}
