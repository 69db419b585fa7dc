import Foundation
import GRDB
import Lang
import Testing

@testable import kvsh

/// Past runs: their rows with what made them, the script that makes them, and the same again.
@Suite(.serialized)
struct PastRunTests {
  static let line = "compress kivi residual=32 | run sharegpt n=2 max=10 batch=2"

  private func latest(_ test: CommandSession) throws -> Int {
    try #require(try test.table("history").ints("id").last)
  }

  @Test("load run=ID gives a line's rows, each with its specification, model, machine, version and time")
  func origins() throws {
    let test = try CommandSession()
    let rows = try test.table(Self.line)
    let id = try latest(test)
    let found = try test.table("load run=\(id)")
    #expect(found.results == rows.results)
    #expect(Set(found.strings("spec")).count == 2 && found.strings("spec").allSatisfy { $0.count == 64 })
    let digest = try test.run("model")
    #expect(digest.display.contains(try #require(found.strings("model_sha256").first)))
    #expect(Set(found.strings("machine")) == [MachineDescription.current])
    #expect(Set(found.strings("kvsh")) == [Version.kvsh])
    #expect(Set(found.ints("line")) == [id])
    #expect(found.strings("finished").allSatisfy { $0.hasSuffix("Z") })
    // Rows that a later line found are those of the line that computed them.
    _ = try test.table(Self.line)
    let again = try latest(test)
    #expect(again > id)
    #expect(Set(try test.table("load run=\(again)").ints("line")) == [id])
  }

  @Test("show ID is a script that makes the same rows in an empty store, whatever the session knew")
  func script() throws {
    let test = try CommandSession()
    try test.run(
      """
      let few = 2
      policy newest { score = positions }
      let mine = [kivi(residual=32), (compress newest budget=24 | compress quarot bits=4)]
      model smollm2 precision=f32
      """)
    let rows = try test.table("mine | run sharegpt n=few max=few * 3 temperature=0.5")
    let script = try test.run("show \(try latest(test))").text
    #expect(script.contains("policy newest { score = positions }"))
    #expect(script.contains("precision=f32"))
    #expect(script.contains("run sharegpt n=2 seed=0 noise_seed=0 max=6 temperature=0.5"))
    let other = try CommandSession()
    let again = try other.table(script)
    #expect(again.results == rows.results)
    #expect(again.rowCount == 6)
    #expect(!other.progress.taken().isEmpty)
  }

  @Test("repro ID computes everything anew, finds it the same and leaves the store as it was")
  func same() throws {
    let test = try CommandSession()
    let rows = try test.table(Self.line)
    let id = try latest(test)
    _ = test.progress.taken()
    _ = test.printed()
    let found = try test.table("repro \(id)")
    #expect(!test.progress.taken().isEmpty)
    #expect(found.cells("same") == Array(repeating: .bool(true), count: 4))
    #expect(found.cells("parts_at") == Array(repeating: .nil, count: 4))
    #expect(test.printed().last == "4 of 4 responses are the same to the letter, token and byte")
    #expect(try test.table("history").rowCount == 1)
    #expect(try test.table("load run=\(id)").strings("e2e_ms") == rows.strings("e2e_ms"))
  }

  @Test("two runs of one line over the same samples are each set beside their own rows")
  func twoRuns() throws {
    let test = try CommandSession()
    let text = "run sharegpt n=2 max=2; run sharegpt n=2 max=6"
    let end = test.session.begin(typed: text)
    try test.run(text)
    end("done")
    let found = try test.table("repro \(try latest(test))")
    #expect(found.cells("same") == Array(repeating: .bool(true), count: 4))
    #expect(Set(found.ints("output_tokens")).count > 1)
  }

  @Test("a response that differs is told with the place, and so is what has changed since")
  func different() throws {
    let test = try CommandSession()
    _ = try test.table(Self.line)
    let id = try latest(test)
    try Store(home: test.home).database.write {
      try $0.execute(sql: "UPDATE rows SET text = substr(text, 1, 3) || '#' WHERE config = 'fp16' AND outputTokens > 3")
      try $0.execute(
        sql: "UPDATE runs SET record = replace(record, '\"kvsh\":\"\(Version.kvsh)\"', '\"kvsh\":\"0.0.1\"')")
    }
    _ = test.printed()
    let found = try test.table("repro \(id)")
    #expect(found.cells("same") == [.bool(false), .bool(false), .bool(true), .bool(true)])
    #expect(found.cells("parts_at").prefix(2) == [.int(3), .int(3)])
    #expect(test.printed().contains("note: kvsh was 0.0.1 and is \(Version.kvsh)"))
  }

  @Test(
    "a line without rows is told so",
    arguments: ["show 1", "repro 1", "load run=1", "show 77", "repro 77", "load run=77"])
  func noRows(_ text: String) throws {
    let test = try CommandSession(hasModel: false)
    _ = try Store(home: test.home).begin(line: "1 + 1")
    let found = try test.problem(text).problem
    #expect(found.code == "K595")
    #expect(found.seen == (text.hasSuffix("77") ? "there is no line 77" : "line 1 kept no rows"))
  }

  @Test("load wants one thing to read")
  func oneThing() throws {
    let test = try CommandSession(hasModel: false)
    #expect(try test.problem("load run=1 tensor=\"a\"").problem.code == "K021")
    #expect(try test.problem("load").problem.code == "K020")
  }

  @Test("the commit is the one checked out beside the program, unless the program is older")
  func commit() throws {
    let folder = try TemporaryFolder()
    func write(_ name: String, _ text: String) throws {
      let path = folder.path + "/" + name
      try FileManager.default.createDirectory(
        atPath: URL(fileURLWithPath: path).deletingLastPathComponent().path, withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: path))
    }
    let program = folder.path + "/.build/release/kvsh"
    try write("Package.swift", "")
    try write(".git/HEAD", "ref: refs/heads/main\n")
    try write(".git/refs/heads/main", "0123456789abcdef\n")
    try write(".git/logs/HEAD", "")
    try write(".build/release/kvsh", "")
    #expect(BuildCommit.commit(ofProgram: program) == "0123456789")
    try FileManager.default.removeItem(atPath: folder.path + "/.git/refs/heads/main")
    #expect(BuildCommit.commit(ofProgram: program) == nil)
    try write(".git/packed-refs", "# pack\nfedcba9876543210 refs/heads/main\n")
    #expect(BuildCommit.commit(ofProgram: program) == "fedcba9876")
    try write(".git/HEAD", "00112233445566778899\n")
    #expect(BuildCommit.commit(ofProgram: program) == "0011223344")
    // A commit after the build: the program was made from another one.
    try FileManager.default.setAttributes([.modificationDate: Date(timeIntervalSinceNow: -60)], ofItemAtPath: program)
    #expect(BuildCommit.commit(ofProgram: program) == nil)
    // A further work tree points to the repository that it shares.
    try write("tree/Package.swift", "")
    try write("tree/.git", "gitdir: \(folder.path)/.git/worktrees/tree\n")
    try write("tree/kvsh", "")
    try write(".git/worktrees/tree/HEAD", "ref: refs/heads/side\n")
    try write(".git/worktrees/tree/commondir", "../..\n")
    try write(".git/refs/heads/side", "aaaaaaaaaabb\n")
    #expect(BuildCommit.commit(ofProgram: folder.path + "/tree/kvsh") == "aaaaaaaaaa")
    #expect(BuildCommit.commit(ofProgram: nil) == nil)
  }

  @Test("a machine is named by its processor, cores and memory")
  func machine() {
    #expect(
      MachineDescription.text(processor: "A Processor", cores: 1, memoryBytes: 24 << 30)
        == "A Processor, 1 core, 24 GiB")
    #expect(
      MachineDescription.processor(in: "processor\t: 0\nmodel name\t: An EPYC: 9\nmodel name\t: B\n") == "An EPYC: 9")
    #expect(MachineDescription.processor(in: "nothing") == nil)
  }
}
