import Foundation
import Testing

@testable import kvsh

/// What goes wrong around a process: its environment, its model, its store. One sentence, exit code 1, no trap.
@Suite(.serialized)
struct ProcessProblemTests {
  let folder: TemporaryFolder
  let home: String

  init() throws {
    folder = try TemporaryFolder()
    home = folder.path + "/kvsh"
    try RealModel.link(into: home)
  }

  private func run(_ line: String, _ more: [String: String] = [:]) throws -> KvshProgram.Result {
    try KvshCall(["-c", line], in: folder, more).result()
  }

  @Test(
    "an environment that makes no sense is one sentence",
    arguments: [
      ("KVSH_THREADS", "abc", "K604"), ("KVSH_THREADS", "0", "K604"), ("KVSH_THREADS", "-1", "K604"),
      ("KVSH_THREADS", "99999", "K604"), ("KVSH_KERNELS", "xyz", "K601"),
    ])
  func environment(name: String, value: String, code: String) throws {
    let result = try run("tokenize \"a\"", [name: value])
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.hasPrefix("<command>:1:1: error \(code): \(name)=\(value)"), "\(result.errors)")
  }

  @Test("every kernel set and number of threads that this machine has tells the same tokens")
  func sets() throws {
    let plain = try run("tokenize \"Hello world\"")
    #expect(plain.status == 0)
    for (name, value) in [("KVSH_KERNELS", "base"), ("KVSH_THREADS", "1")] {
      #expect(try run("tokenize \"Hello world\"", [name: value]) == plain)
    }
  }

  @Test("no model, no trap")
  func noModel() throws {
    try FileManager.default.removeItem(atPath: home + "/models")
    let result = try run("run sharegpt n=1")
    #expect(result.status == 1)
    #expect(result.errors.hasPrefix("<command>:1:1: error K502: there is no model in \(home)/models\n"))
    #expect(result.errors.contains("scripts/setup"))
    #expect(try run("compress kivi bits=[2,4]").status == 0)
    #expect(try run("models").status == 0)
  }

  @Test("a damaged model file is one sentence", arguments: [0, 3, 100, 1 << 20])
  func damagedModel(bytes: Int) throws {
    let path = folder.path + "/cut.gguf"
    let file = try #require(FileHandle(forReadingAtPath: try RealModel.path()))
    try file.read(upToCount: bytes)?.write(to: URL(fileURLWithPath: path))
      ?? Data().write(to: URL(fileURLWithPath: path))
    let result = try run("model \"\(path)\"")
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.contains(#/error K20[2-5]: /#), "\(result.errors)")
    // The model before it stays in use.
    let both = try KvshCall([], input: "model \"\(path)\"\n", in: folder).result()
    #expect(both.status == 1)
  }

  @Test("a store that cannot be used is one sentence")
  func store() throws {
    let line = "run sharegpt n=1 max=1"
    let store = home + "/store.sqlite"
    try Data("this is no database, and long enough to be looked at as one".utf8).write(to: URL(fileURLWithPath: store))
    try expectStoreProblem(try run(line), "file is not a database")
    try FileManager.default.removeItem(atPath: store)
    try FileManager.default.createDirectory(atPath: store, withIntermediateDirectories: true)
    try expectStoreProblem(try run(line), "unable to open database file")
    try FileManager.default.removeItem(atPath: store)
    let file = try folder.file("file", "")
    try expectStoreProblem(try run(line, ["KVSH_HOME": file]), "the folder cannot be made")
    try expectStoreProblem(try run(line, ["KVSH_HOME": file + "/below"]), "the folder cannot be made")
  }

  @Test("a store that is damaged inside ends no process by a signal")
  func damagedStore() throws {
    #expect(try run("run sharegpt n=1 max=1").status == 0)
    let store = home + "/store.sqlite"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: store))
    for place in 100..<bytes.count { bytes[place] = 0xFF }
    try bytes.write(to: URL(fileURLWithPath: store))
    for rest in ["-wal", "-shm"] { try? FileManager.default.removeItem(atPath: store + rest) }
    try expectStoreProblem(try run("run sharegpt n=1 max=1"), "malformed")
  }

  private func expectStoreProblem(_ result: KvshProgram.Result, _ reason: String) throws {
    #expect(result.status == 1)
    #expect(result.output == "")
    #expect(result.errors.contains("error K501: the store "))
    #expect(result.errors.contains(reason), "\(result.errors)")
    #expect(result.errors.components(separatedBy: "error K").count == 2)
  }

  @Test("what does not check exits with 2 and touches no store")
  func rejected() throws {
    for line in ["run sharegpt n=0", "compress kivi bits=3 | run sharegpt", "run nothing"] {
      #expect(try run(line).status == 2)
    }
    #expect(!FileManager.default.fileExists(atPath: home + "/store.sqlite"))
  }
}
