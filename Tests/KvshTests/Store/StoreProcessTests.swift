import Foundation
import GRDB
import Lang
import Testing

@testable import kvsh

/// The store under processes that die and processes that share it.
@Suite(.serialized)
struct StoreProcessTests {
  static let run = "compress kivi residual=32 | run sharegpt n=6 max_prompt=200 max=24 batch=1"
  static let line = run + " | select config sample prompt_tokens output_tokens finish text cache_bytes"

  private func folder() throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    try RealModel.link(into: folder.path + "/kvsh")
    return folder
  }

  private func call(_ folder: TemporaryFolder) throws -> KvshCall {
    try KvshCall(["--format", "csv", "-c", Self.line], in: folder)
  }

  /// Waits until that many rows are stored; false if the work ends before or takes too long.
  private func wait(for rows: Int, in folder: TemporaryFolder, while isRunning: () -> Bool) throws -> Bool {
    let limit = Date(timeIntervalSinceNow: 120)
    while isRunning(), Date() < limit {
      if FileManager.default.fileExists(atPath: folder.path + "/kvsh/store.sqlite"),
        let line = try Store(home: folder.path + "/kvsh").lines().last, line.rows >= rows
      {
        return true
      }
      usleep(5_000)
    }
    return false
  }

  @Test("after kill -9 the same line goes on with the rows that were finished, to the same end")
  func killed() throws {
    let fresh = try folder()
    let whole = try call(fresh).result()
    #expect(whole.status == 0)
    let folder = try folder()
    let store = folder.path + "/kvsh"
    for rows in [2, 7] {
      let victim = try call(folder)
      #expect(try wait(for: rows, in: folder) { victim.isRunning }, "the run was over before \(rows) rows were seen")
      victim.kill()
      #expect(try victim.result().status == 128 + SIGKILL)
    }
    let before = try Store(home: store).lines()
    #expect(before.count == 2)
    #expect(before[0].rows >= 2 && before[1].rows >= 7 && before[1].rows < 12)
    let after = try call(folder).result()
    #expect(after == whole)
    #expect(after.output.split(separator: "\n").count >= 13)
    #expect(try Store(home: store).lines().last?.rows == 12)
  }

  @Test("kill -9 at any moment, again and again, loses nothing that was finished", arguments: [1, 2, 3])
  func killedAnywhere(_ seed: Int) throws {
    let fresh = try folder()
    let whole = try call(fresh).result()
    let folder = try folder()
    var numbers = SystemRandomNumberGenerator()
    var before = 0
    for _ in 0..<6 {
      let victim = try call(folder)
      usleep(UInt32.random(in: 20_000...1_200_000, using: &numbers))
      victim.kill()
      _ = try victim.result()
      guard FileManager.default.fileExists(atPath: folder.path + "/kvsh/store.sqlite") else { continue }
      let store = try Store(home: folder.path + "/kvsh")
      let isSound = try store.database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") }
      #expect(isSound == "ok")
      let rows = try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM rows") } ?? 0
      #expect(rows >= before)
      before = rows
    }
    #expect(try call(folder).result() == whole)
  }

  /// A small disk of its own, where one may be made.
  static let canMount = geteuid() == 0 && FileManager.default.isExecutableFile(atPath: "/bin/mount")

  @Test("a full disk is one sentence, and the rows until then are kept", .enabled(if: canMount))
  func fullDisk() throws {
    let folder = try folder()
    let home = folder.path + "/kvsh"
    func shell(_ command: String) throws -> Int32 {
      let process = Process()
      process.executableURL = URL(fileURLWithPath: "/bin/sh")
      process.arguments = ["-c", command]
      process.standardError = FileHandle.nullDevice
      try process.run()
      process.waitUntilExit()
      return process.terminationStatus
    }
    let models = try FileManager.default.destinationOfSymbolicLink(atPath: home + "/models/" + RealModel.name + ".gguf")
    // Where the machine lets nobody mount, there is nothing to see.
    guard try shell("mount -t tmpfs -o size=400k tmpfs '\(home)'") == 0 else { return }
    defer { _ = try? shell("umount '\(home)'") }
    try FileManager.default.createDirectory(atPath: home + "/models", withIntermediateDirectories: false)
    try FileManager.default.createSymbolicLink(
      atPath: home + "/models/" + RealModel.name + ".gguf", withDestinationPath: models)
    let result = try KvshCall(["-c", "run sharegpt n=60 max_prompt=100 max=4 batch=8"], in: folder).result()
    #expect(result.status == 1)
    #expect(result.errors.contains("error K501: the disk of the store \(home)/store.sqlite is full"))
    #expect(result.errors.contains("make room and run the line again: the rows that were finished are kept"))
    #expect(try shell("mount -o remount,size=8m '\(home)'") == 0)
    let store = try Store(home: home)
    let kept = try store.database.read { try Int.fetchOne($0, sql: "SELECT count(*) FROM rows") } ?? 0
    #expect(kept > 0)
    #expect(try store.database.read { try String.fetchOne($0, sql: "PRAGMA integrity_check") } == "ok")
    let again = try KvshCall(
      ["--format", "json", "-c", "len((run sharegpt n=60 max_prompt=100 max=4 batch=8))"], in: folder)
    #expect(try again.result().output == "60\n")
  }

  @Test("Ctrl-C ends a line with 130, its finished rows printed and kept")
  func interrupted() throws {
    let folder = try folder()
    let driver = try TerminalDriver(
      KvshProgram.path, ["-c", Self.line], environment: KvshProgram.environment(folder))
    #expect(try wait(for: 2, in: folder) { true })
    driver.send("\u{3}")
    try driver.expect("of 12 rows; the same line goes on from here")
    try driver.expect("kvsh_")
    #expect(try driver.exitStatus() == 130)
    let line = try #require(try Store(home: folder.path + "/kvsh").lines().last)
    #expect(line.rows >= 2 && line.rows < 12)
  }

  @Test("two processes on one store both finish with the same rows")
  func together() throws {
    let folder = try folder()
    let calls = try (0..<2).map { _ in try call(folder) }
    let results = try calls.map { try $0.result() }
    #expect(results[0].status == 0)
    #expect(results[0] == results[1])
    #expect(try TableText.read(results[0].output, as: .csv).rowCount == 12)
    let history = try Store(home: folder.path + "/kvsh").lines()
    #expect(history.map(\.rows) == [12, 12])
  }

  @Test("processes that start together make one new store")
  func start() throws {
    for _ in 0..<3 {
      let folder = try TemporaryFolder()
      let calls = try (0..<8).map { _ in try KvshCall(["--format", "json", "-c", "len((history))"], in: folder) }
      for call in calls { #expect(try call.result() == KvshProgram.Result(status: 0, output: "0\n", errors: "")) }
    }
  }

  @Test("another process that holds the store is waited for, not forever")
  func locked() throws {
    let folder = try TemporaryFolder()
    let store = try Store(home: folder.path)
    let lock = open(folder.path + "/store.lock", O_RDWR)
    #expect(flock(lock, LOCK_EX) == 0)
    let path = folder.path
    let isReleased = DispatchSemaphore(value: 0)
    Thread.detachNewThread {
      usleep(200_000)
      close(lock)
      isReleased.signal()
    }
    let start = Date()
    #expect(try Store(home: path).lines().isEmpty)
    #expect(Date().timeIntervalSince(start) > 0.15)
    isReleased.wait()
    #expect(try store.lines().isEmpty)
  }
}
