import Foundation
import Testing

@testable import kvsh

/// The real program without a terminal.
@Suite(.serialized)
struct CommandLineTests {
  let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  @Test("-c runs a line, also one that begins with a dash")
  func line() throws {
    #expect(try KvshProgram.run(["-c", "1 + 2"], in: home) == .init(status: 0, output: "3\n", errors: ""))
    #expect(try KvshProgram.run(["-c", "-1 + 2"], in: home) == .init(status: 0, output: "1\n", errors: ""))
  }

  @Test("a script gets its arguments, with and without a file")
  func script() throws {
    let path = try home.file("a b.kvs", "args\n")
    let result = try KvshProgram.run([path, "x", "--", "-y"], in: home)
    #expect(result == .init(status: 0, output: "[\"x\", \"-y\"]\n", errors: ""))
    let input = try KvshProgram.run([], input: "6 * 7\n", in: home)
    #expect(input == .init(status: 0, output: "42\n", errors: ""))
    #expect(try KvshProgram.run(["-", "z"], input: "args", in: home).output == "[\"z\"]\n")
  }

  @Test(
    "the exit code says what happened",
    arguments: [
      ("1", 0), ("1 // 0", 1), ("assert false", 1), ("rnu sharegpt", 2), ("1 +", 2), ("nothing", 2), ("", 0),
    ])
  func codes(line: String, status: Int32) throws {
    let result = try KvshProgram.run(["-c", line], in: home)
    #expect(result.status == status)
    #expect(result.errors.isEmpty == (status == 0))
  }

  @Test("what does not check runs nothing; what fails keeps what was printed before")
  func order() throws {
    let unchecked = try KvshProgram.run([], input: "print(1)\nnothing\n", in: home)
    #expect(unchecked.status == 2)
    #expect(unchecked.output == "")
    let failed = try KvshProgram.run([], input: "print(1)\n2\n3 // 0\n4", in: home)
    #expect(failed.status == 1)
    #expect(failed.output == "1\n2\n")
    #expect(failed.errors.contains("<standard input>:3:1: error K042"))
  }

  @Test("a script that cannot be read is one sentence")
  func unreadable() throws {
    let binary = home.path + "/binary.kvs"
    try Data([0x31, 0x0A, 0xFF, 0x0A]).write(to: URL(fileURLWithPath: binary))
    for (path, reason) in [
      (home.path + "/missing.kvs", "there is no such file"), (home.path, "it is a folder"),
      (binary, "line 2 is not UTF-8 text"),
    ] {
      for arguments in [[path], ["check", path]] {
        let result = try KvshProgram.run(arguments, in: home)
        #expect(result == .init(status: 2, output: "", errors: "error K060: cannot read \(path): \(reason)\n"))
      }
    }
  }

  @Test("check reports every problem, as text or JSON, and runs nothing")
  func check() throws {
    let path = try home.file("c.kvs", "print(1)\nnothing\nlet x = 1 + \"a\" +\n")
    let result = try KvshProgram.run(["check", path], in: home)
    #expect(result.status == 2)
    #expect(result.output.contains("\(path):2:1: error K012"))
    #expect(result.output.contains("\(path):3:"))
    let json = try KvshProgram.run(["check", "--format", "json", path], in: home)
    #expect(json.status == 2)
    let lines = json.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines { #expect((try? JSONSerialization.jsonObject(with: Data(line.utf8))) != nil) }
    let good = try home.file("good.kvs", "let x = 1\nx\n")
    #expect(try KvshProgram.run(["check", good], in: home) == .init(status: 0, output: "", errors: ""))
    #expect(try KvshProgram.run(["check", good, path], in: home).status == 2)
  }

  @Test("with a format only the last value is on standard output")
  func formats() throws {
    let script = "print(\"note\")\n[1, 2]\n{a: 1, b: [true, nil]}\n"
    let json = try KvshProgram.run(["--format", "json"], input: script, in: home)
    #expect(json.status == 0)
    #expect(json.errors == "note\n[1, 2]\n")
    let value = try JSONSerialization.jsonObject(with: Data(json.output.utf8)) as? [String: Any]
    #expect(value?["a"] as? Int == 1)
    #expect(json.output.hasSuffix("\n") && !json.output.hasSuffix("\n\n"))
    let table = try KvshProgram.run(["--format", "table"], input: script, in: home)
    #expect(table.output == "note\n[1, 2]\n{a: 1, b: [true, nil]}\n")
    let failed = try KvshProgram.run(["--format", "json"], input: "7\n1 // 0", in: home)
    #expect(failed.status == 1)
    #expect(failed.output == "")
  }

  @Test("arguments that make no sense are refused with 2; help and version are no mistakes")
  func arguments() throws {
    for wrong in [["--frobnicate"], ["--format", "xml"], ["-c"], ["check"], ["check", "--format", "csv", "x"]] {
      let result = try KvshProgram.run(wrong, in: home)
      #expect(result.status == 2)
      #expect(result.output == "")
      #expect(result.errors.lowercased().contains("usage: kvsh"))
    }
    #expect(
      try KvshProgram.run(["--version"], in: home) == .init(status: 0, output: "kvsh \(Version.kvsh)\n", errors: ""))
    let help = try KvshProgram.run(["--help"], in: home)
    #expect(help.status == 0)
    #expect(help.output.contains("kvsh check FILE..."))
  }

  @Test("a reader that leaves ends the program quietly; a full disk does not")
  func pipes() throws {
    let endless = "for i in 1..100000000 { print(i) }"
    let left = try KvshProgram.run([endless], in: home, shell: "\"$0\" -c \"$1\" | head -n 2")
    #expect(left == .init(status: 0, output: "1\n2\n", errors: ""))
    let ignoring = try KvshProgram.run([endless], in: home, shell: "trap '' PIPE; \"$0\" -c \"$1\" | head -n 2")
    #expect(ignoring == .init(status: 0, output: "1\n2\n", errors: ""))
    guard access("/dev/full", W_OK) == 0 else { return }
    let full = try KvshProgram.run(["1"], in: home, shell: "\"$0\" -c \"$1\" > /dev/full")
    #expect(full.status == 1)
    #expect(full.errors.hasPrefix("error K597: standard output cannot be written: "))
  }

  @Test("Ctrl-C ends a script with 130 and keeps what was printed")
  func interrupted() throws {
    let driver = try TerminalDriver(
      KvshProgram.path, ["-c", "print(\"go\" + \"ing\"); while true { }"], environment: KvshProgram.environment(home))
    try driver.expect("going\r\n")
    driver.send("\u{3}")
    try driver.expect("interrupted")
    #expect(try driver.exitStatus() == 130)
  }
}
