import Foundation
import Testing

/// The real program in a real pseudo-terminal.
@Suite(.serialized)
struct ShellTerminalTests {
  let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  private func shell(_ term: String = "xterm-256color", columns: UInt16 = 100) throws -> TerminalDriver {
    let driver = try TerminalDriver(
      KvshProgram.path, environment: KvshProgram.environment(home, ["TERM": term]), columns: columns)
    try driver.expect("kvsh> ")
    return driver
  }

  @Test(
    "a line is answered, the prompt comes back, and Ctrl-D ends with 0 on every terminal",
    arguments: ["xterm-256color", "vt100", "dumb", "no-such-terminal"])
  func answers(term: String) throws {
    let driver = try shell(term)
    driver.send("1 + 2\r")
    try driver.expect("\n3\r\n")
    try driver.expect("kvsh> ")
    driver.send("\u{4}")
    #expect(try driver.exitStatus() == 0)
    #expect(driver.isCooked)
  }

  @Test("exit and quit end with 0", arguments: ["exit", "quit", "  exit  "])
  func words(word: String) throws {
    let driver = try shell()
    driver.send(word + "\r")
    #expect(try driver.exitStatus() == 0)
  }

  @Test("what was typed in one session is an arrow key away in the next")
  func history() throws {
    let first = try shell()
    first.send("let kept = [40,\r")
    try first.expect("... ")
    first.send("2]\r")
    try first.expect("kvsh> ")
    first.send("\u{4}")
    #expect(try first.exitStatus() == 0)
    let second = try shell()
    second.send("\u{1B}[A")
    try second.expect("2]")
    second.send("\r")
    try second.expect("kvsh> ")
    second.send("kept[0] + kept[1]\r")
    try second.expect("\n42\r\n")
    var status = stat()
    #expect(stat(home.path + "/kvsh/history", &status) == 0)
    #expect(status.st_mode & 0o777 == 0o600)
  }

  @Test("Ctrl-R finds an earlier line")
  func search() throws {
    let driver = try shell()
    for line in ["let first = 1234 + 1", "let second = 2", "let third = 3"] {
      driver.send(line + "\r")
      try driver.expect("kvsh> ")
    }
    driver.send("\u{12}fir")
    try driver.expect("1234")
    driver.send("\r")
    try driver.expect("kvsh> ")
    driver.send("first\r")
    try driver.expect("\n1235\r\n")
  }

  @Test("Tab types what the choices share, lists them with their doc lines, and finishes the only one")
  func completion() throws {
    let driver = try shell()
    driver.send("compr\t")
    try driver.expect("compress  ")
    try driver.expect("compressors  ")
    driver.send("o\t| head 1\r")
    try driver.expect("kivi")
    try driver.expect("kvsh> ")
  }

  @Test("an open bracket asks for more")
  func continuation() throws {
    let driver = try shell()
    driver.send("[1,\r")
    try driver.expect("... ")
    driver.send("2,\r")
    try driver.expect("... ")
    driver.send("3]\r")
    try driver.expect("\n[1, 2, 3]\r\n")
    try driver.expect("kvsh> ")
  }

  @Test("Ctrl-C at the prompt clears the line, or the lines")
  func clears() throws {
    let driver = try shell()
    driver.send("1 + + rubbish")
    try driver.expect("rubbish")
    driver.send("\u{3}")
    try driver.expect("^C")
    try driver.expect("kvsh> ")
    driver.send("[1,\r")
    try driver.expect("... ")
    driver.send("\u{3}")
    try driver.expect("kvsh> ")
    driver.send("\u{3}")
    try driver.expect("kvsh> ")
    driver.send("2 * 21\r")
    try driver.expect("\n42\r\n")
  }

  @Test("Ctrl-C ends what runs, and the session keeps its names; more of them do no harm")
  func interrupts() throws {
    let driver = try shell()
    driver.send("let kept = 77\r")
    try driver.expect("kvsh> ")
    driver.send("print(\"go\" + \"ing\"); while true { }\r")
    try driver.expect("\ngoing\r\n")
    driver.send("\u{3}")
    try driver.expect("interrupted")
    try driver.expect("kvsh> ")
    driver.send("\u{3}\u{3}")
    try driver.expect("kvsh> ")
    driver.send("kept + 1\r")
    try driver.expect("\n78\r\n")
  }

  @Test("a bad line shows the place and a suggestion, and the shell lives on")
  func badLine() throws {
    let driver = try shell()
    driver.send("rnu sharegpt n=1\r")
    try driver.expect("^^^")
    try driver.expect("did you mean `run`?")
    try driver.expect("kvsh> ")
    driver.send("1 // 0\r")
    try driver.expect("K042")
    try driver.expect("kvsh> ")
    driver.send("5 * 5\r")
    try driver.expect("\n25\r\n")
  }

  @Test("letters of any script are typed, deleted and printed", arguments: [100, 24] as [UInt16])
  func letters(columns: UInt16) throws {
    let driver = try shell(columns: columns)
    driver.send("let text = \"日本語 é 🎉x\u{7F}\"\r")
    try driver.expect("kvsh> ")
    driver.send("[text]\r")
    try driver.expect("\n[\"日本語 é 🎉\"]\r\n")
  }

  @Test("a pasted block is one text: its line ends run nothing and its tabs complete nothing")
  func paste() throws {
    let driver = try shell()
    driver.send("\u{1B}[200~let pasted = [\r\t6,\r\t7]\r\u{1B}[201~")
    try driver.expect("7]")
    driver.send("\r")
    try driver.expect("kvsh> ")
    driver.send("pasted[0] * pasted[1]\r")
    try driver.expect("\n42\r\n")
  }

  @Test("the latest value is at hand under two names")
  func latest() throws {
    let driver = try shell()
    driver.send("21\r")
    try driver.expect("\n21\r\n")
    driver.send("_ * 2\r")
    try driver.expect("\n42\r\n")
    driver.send("last + 1\r")
    try driver.expect("\n43\r\n")
  }

  @Test("a request to end leaves the terminal as it was")
  func ends() throws {
    let driver = try shell()
    driver.send("1 + ")
    try driver.expect("1 + ")
    #expect(!driver.isCooked)
    driver.signal(SIGTERM)
    #expect(try driver.exitStatus() == 128 + SIGTERM)
    #expect(driver.isCooked)
  }

  @Test("a window that changes its size keeps the line")
  func resize() throws {
    let driver = try shell()
    driver.send("20 + 2")
    try driver.expect("20 + 2")
    driver.resize(columns: 40, rows: 20)
    try driver.expect("kvsh> 20 + 2")
    driver.send("0\r")
    try driver.expect("\n40\r\n")
  }
}
