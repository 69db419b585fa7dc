import Foundation
import Testing

/// What no source of kvsh may hold: a script can start no process and writes only where it says.
@Suite("Sources") struct SourceTextTests {
  struct File: CustomTestStringConvertible {
    let path: String
    let text: String
    var testDescription: String { path }
  }

  /// Swift and C below Sources; the benches are no part of the product.
  static let files: [File] = {
    let root = LanguageDocumentTests.root.appendingPathComponent("Sources")
    let paths = FileManager.default.enumerator(atPath: root.path)?.compactMap { $0 as? String } ?? []
    return paths.sorted().filter { path in
      !path.hasPrefix("Bench/") && !path.hasPrefix("LangBench/")
        && [".swift", ".c", ".h"].contains { path.hasSuffix($0) }
    }.compactMap { path in
      (try? String(contentsOf: root.appendingPathComponent(path), encoding: .utf8)).map { File(path: path, text: $0) }
    }
  }()

  /// Whether a name stands in a text as a call or a type, not as a part of another word.
  private static func uses(_ text: String, _ names: [String]) -> [String] {
    names.filter { name in
      var start = text.startIndex
      while let range = text.range(of: name, range: start..<text.endIndex) {
        let before = range.lowerBound > text.startIndex ? text[text.index(before: range.lowerBound)] : " "
        if !before.isLetter, !before.isNumber, before != "_", before != "." || name.hasPrefix("Foundation.") {
          return true
        }
        start = range.upperBound
      }
      return false
    }
  }

  @Test("no source starts a process")
  func processes() {
    let starters = [
      "Process(", "posix_spawn", "popen(", "system(", "fork(", "vfork(", "execv", "execl", "execve", "NSTask",
      "wordexp(", "Foundation.system(", "Glibc.system(",
    ]
    #expect(Self.files.count > 200)
    for file in Self.files {
      let found = Self.uses(file.text, starters)
      #expect(found.isEmpty, "\(file.path) uses \(found)")
    }
  }

  @Test("the language itself opens no file and no connection, but to read the memory of its process")
  func language() {
    let openers = [
      "open(", "fopen(", "FileManager", "FileHandle", "URL(", "URLSession", "socket(", "write(to", "Data(contentsOf",
      "String(contentsOf", "unlink(", "rename(", "mkdir(",
    ]
    let files = Self.files.filter { $0.path.hasPrefix("Lang/") && !$0.path.hasSuffix("ProcessMemory.swift") }
    #expect(files.count > 60)
    for file in files {
      let found = Self.uses(file.text, openers)
      #expect(found.isEmpty, "\(file.path) uses \(found)")
    }
  }

  @Test("files are written by the few sources that are there for it")
  func writers() {
    // The path of `save`, the store, the history, and the list of registered data sets; all others only read. The line
    // editor opens the terminal.
    let known = [
      "CEdit/editor.c",
      "kvsh/Session/TextFile.swift", "kvsh/Store/Store.swift", "kvsh/Shell/HistoryFile.swift",
      "Runtime/Datasets/DatasetRegistry.swift",
    ]
    let writers = [
      "O_WRONLY", "O_RDWR", "O_CREAT", "fopen(", "createFile", ".write(to: URL", ".write(toFile", "DatabaseQueue(",
      "DatabasePool(",
    ]
    let found = Self.files.filter { file in writers.contains { file.text.contains($0) } }.map(\.path)
    #expect(Set(found).isSubset(of: known), "\(Set(found).subtracting(known).sorted())")
  }
}
