import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

struct CommandLineChoiceTests {
  @Test(
    "the words choose the work",
    arguments: [
      (nil, [], true, Work.shell, []), (nil, [], false, .input, []), (nil, ["-", "a"], true, .input, ["a"]),
      (nil, ["f.kvs", "a", "b"], true, .file("f.kvs"), ["a", "b"]), ("1 + 2", ["a"], true, .line("1 + 2"), ["a"]),
      ("", [], true, .line(""), []),
    ] as [(String?, [String], Bool, Work, [String])])
  func work(line: String?, words: [String], isTerminal: Bool, work: Work, arguments: [String]) {
    let chosen = Work.choose(line: line, words: words, isInputTerminal: isTerminal)
    #expect(chosen.work == work)
    #expect(chosen.arguments == arguments)
  }

  @Test(
    "the home folder: the option, KVSH_HOME, the XDG data folder, the user's own",
    arguments: [
      ("/o", ["KVSH_HOME": "/k", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/o"),
      (nil, ["KVSH_HOME": "/k", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/k"),
      (nil, ["KVSH_HOME": "", "XDG_DATA_HOME": "/x", "HOME": "/h"], "/x/kvsh"),
      (nil, ["XDG_DATA_HOME": "relative", "HOME": "/h"], "/h/.local/share/kvsh"),
      (nil, ["HOME": "/h"], "/h/.local/share/kvsh"),
      ("rel", [:], FileManager.default.currentDirectoryPath + "/rel"),
    ] as [(String?, [String: String], String)])
  func home(option: String?, environment: [String: String], path: String) {
    #expect(HomeFolder.path(option: option, environment: environment) == path)
  }

  @Test("script text: a byte order mark goes, and what is not UTF-8 is named by its line")
  func text() throws {
    #expect(try ScriptText.text([0xEF, 0xBB, 0xBF, 0x31], name: "f") == "1")
    #expect(try ScriptText.text(Array("日\u{FFFD}本".utf8), name: "f") == "日\u{FFFD}本")
    #expect(try ScriptText.text([], name: "f") == "")
    for bytes: [UInt8] in [[0x31, 0x0A, 0x0A, 0xC3], [0x0A, 0x0A, 0xFF, 0x0A], [0x0A, 0x0A, 0xED, 0xA0, 0x80]] {
      let problem = #expect(throws: Problem.self) { try ScriptText.text(bytes, name: "f") }
      #expect(problem?.seen == "cannot read f: line 3 is not UTF-8 text")
    }
  }

  @Test("any error is a problem with a code, a known one keeps its own")
  func errors() {
    struct Strange: Error {}
    #expect(ShellProblems.describing(Problem("K042", seen: "x")).code == "K042")
    #expect(ShellProblems.describing(RuntimeProblem("K201", seen: "x", suggestion: "y")).suggestion == "y")
    let system = ShellProblems.describing(POSIXError(.ENOSPC))
    #expect(system.code == "K599")
    #expect(system.seen == "No space left on device")
    #expect(ShellProblems.describing(Strange()).seen == "Strange()")
  }

  @Test("a device that never ends is no script")
  func endless() {
    let problem = #expect(throws: Problem.self) { try ScriptText.read("/dev/zero") }
    #expect(problem?.seen == "cannot read /dev/zero: it is larger than 64 MiB")
  }

  @Test("the size of the terminal falls back to COLUMNS and LINES, within reason")
  func size() {
    // Whatever the streams of the test run are, the result is usable.
    let size = TerminalSize.current(environment: ["COLUMNS": "0", "LINES": "-5"])
    #expect(size.columns >= 1 && size.rows >= 1)
  }
}
