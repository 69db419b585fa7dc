import Foundation
import Testing

/// The real program over ssh: a second terminal between the user and it.
@Suite(.serialized, .enabled(if: SecureShellServer.letsIn, "no OpenSSH server lets this user in on loopback"))
struct SecureShellTests {
  let home: TemporaryFolder
  let server: SecureShellServer

  init() throws {
    home = try TemporaryFolder()
    server = try SecureShellServer(home)
  }

  private func shell(term: String = "xterm-256color", columns: UInt16) throws -> TerminalDriver {
    let driver = try server.client(
      "env LANG=C.UTF-8 HOME='\(home.path)' KVSH_HOME='\(home.path)/kvsh' '\(KvshProgram.path)'", term: term,
      columns: columns)
    try driver.expect("kvsh> ")
    return driver
  }

  @Test(
    "letters of any script, a change of the window, Ctrl-C and Ctrl-D arrive over ssh",
    arguments: [100, 60] as [UInt16])
  func keys(columns: UInt16) throws {
    let driver = try shell(columns: columns)
    driver.send("let text = \"日本語 é 🎉x\u{7F}\"\r")
    try driver.expect("kvsh> ")
    driver.send("[text]\r")
    try driver.expect("\n[\"日本語 é 🎉\"]\r\n")
    try driver.expect("kvsh> ")
    driver.send("20 + 2")
    try driver.expect("20 + 2")
    driver.resize(columns: 40, rows: 20)
    driver.signal(SIGWINCH)
    try driver.expect("kvsh> 20 + 2")
    driver.send("0\r")
    try driver.expect("\n40\r\n")
    try driver.expect("kvsh> ")
    driver.send("print(\"go\" + \"ing\"); while true { }\r")
    try driver.expect("\ngoing\r\n")
    driver.send("\u{3}")
    try driver.expect("interrupted")
    try driver.expect("kvsh> ")
    driver.send("\u{4}")
    #expect(try driver.exitStatus() == 0)
    #expect(driver.isCooked)
  }

  @Test("what was typed over ssh is an arrow key away in the next session, on a dumb terminal too")
  func history() throws {
    let first = try shell(term: "dumb", columns: 80)
    first.send("6 * 7\r")
    try first.expect("\n42\r\n")
    try first.expect("kvsh> ")
    first.send("\u{4}")
    #expect(try first.exitStatus() == 0)
    let second = try shell(columns: 80)
    second.send("\u{1B}[A")
    try second.expect("6 * 7")
    second.send("\r")
    try second.expect("\n42\r\n")
  }

  @Test("a connection that breaks ends the shell, and its history is kept")
  func breaks() throws {
    let driver = try shell(columns: 80)
    driver.send("11 * 11\r")
    try driver.expect("\n121\r\n")
    try driver.expect("kvsh> ")
    driver.signal(SIGKILL)
    #expect(try driver.exitStatus() == 128 + SIGKILL)
    let again = try shell(columns: 80)
    again.send("\u{1B}[A")
    try again.expect("11 * 11")
  }
}
