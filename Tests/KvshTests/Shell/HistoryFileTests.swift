import Foundation
import Testing

@testable import kvsh

struct HistoryFileTests {
  let folder: TemporaryFolder
  var file: HistoryFile

  init() throws {
    folder = try TemporaryFolder()
    file = HistoryFile(path: folder.path + "/deep/er/history")
  }

  private func contents() throws -> String { try String(contentsOfFile: file.path, encoding: .utf8) }

  private func mode() throws -> Int {
    try #require(FileManager.default.attributesOfItem(atPath: file.path)[.posixPermissions] as? Int)
  }

  @Test(
    "what is appended is loaded, whatever it holds",
    arguments: [
      "1 + 2", "let x = [1,\n  2]", "\"a\\n\\\\b\"", "日本語 🎉", "\\n", "a\\\nb", "tab\tbed",
    ])
  func roundTrip(entry: String) throws {
    #expect(file.append(entry))
    #expect(file.append("second"))
    #expect(file.load() == [entry, "second"])
    #expect(try contents().split(separator: "\n").count == 2)
  }

  @Test("the file is the user's alone, also one that was not")
  func permissions() throws {
    file.append("1")
    #expect(try mode() == 0o600)
    chmod(file.path, 0o644)
    file.append("2")
    #expect(try mode() == 0o600)
    #expect(file.load() == ["1", "2"])
  }

  @Test("blank and overlong entries are left out; of equal ones the newest place counts")
  func leftOut() {
    for entry in ["a", " ", "", "b", "a", String(repeating: "x", count: 70_000)] { file.append(entry) }
    #expect(file.load() == ["b", "a"])
  }

  @Test("no more than the limit is loaded, and a file of twice the limit is shortened")
  mutating func limit() throws {
    file.limit = 10
    for number in 1...19 { file.append("\(number)") }
    #expect(file.load() == (10...19).map { "\($0)" })
    #expect(try contents().split(separator: "\n").count == 19)
    file.append("20")
    #expect(file.load() == (11...20).map { "\($0)" })
    #expect(try contents() == (11...20).map { "\($0)\n" }.joined())
    #expect(try mode() == 0o600)
  }

  @Test("shells side by side keep each other's lines, also while one shortens the file")
  func together() async throws {
    var small = file
    small.limit = 1_000
    let shared = small
    await withTaskGroup(of: Void.self) { group in
      for shell in 0..<4 {
        group.addTask {
          for line in 0..<200 {
            shared.append("shell \(shell) line \(line)")
            if line % 50 == 0 { _ = shared.load() }
          }
        }
      }
    }
    let loaded = shared.load()
    #expect(loaded.count == 800)
    for shell in 0..<4 {
      #expect(loaded.filter { $0.hasPrefix("shell \(shell) ") } == (0..<200).map { "shell \(shell) line \($0)" })
    }
  }

  @Test("a shortening loses no line that another shell appends meanwhile")
  func shortening() async throws {
    var small = file
    small.limit = 50
    let shared = small
    for number in 0..<100 { shared.append("old \(number)") }
    await withTaskGroup(of: Void.self) { group in
      group.addTask { for number in 0..<20 { shared.append("new \(number)") } }
      group.addTask { _ = shared.load() }
    }
    #expect(Array(shared.load().suffix(20)) == (0..<20).map { "new \($0)" })
  }

  @Test("a damaged file costs its damaged lines alone; a folder or a dangling link in its place costs nothing")
  func damage() throws {
    file.append("good")
    let handle = try #require(FileHandle(forWritingAtPath: file.path))
    try handle.seekToEnd()
    try handle.write(contentsOf: Data([0xFF, 0xFE, 0x0A]) + Data("open end".utf8))
    try handle.close()
    #expect(file.append("next"))
    #expect(file.load() == ["good", "\u{FFFD}\u{FFFD}", "open end", "next"])
    let blocked = HistoryFile(path: folder.path)
    #expect(!blocked.append("x"))
    #expect(blocked.load() == [])
    let unwritable = HistoryFile(path: "/proc/nowhere/history")
    #expect(!unwritable.append("x"))
  }
}
