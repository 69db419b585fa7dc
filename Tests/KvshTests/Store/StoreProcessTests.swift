import Foundation
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
