import Foundation
import Testing

@testable import Runtime

@Suite("the register of data files") struct DatasetRegistryTests {
  private static let chat = #"[{"id":"a","conversations":[{"value":"one two three four"},{"value":"1 2 3 4"}]}]"#

  @Test("an added file is found again by another reader, under an absolute path")
  func roundTrip() throws {
    let folder = try TemporaryFolder()
    let registry = DatasetRegistry(home: folder.path + "/home")
    #expect(try registry.entries() == [])
    let chat = try folder.write("chat.json", Self.chat)
    let lines = try folder.write("mine.txt", "first prompt\n\nsecond prompt\n")

    try registry.add("sharegpt", path: chat)
    try registry.add("mine", path: folder.path + "/home/../mine.txt")
    try registry.add("chat2", path: chat)
    #expect(
      try DatasetRegistry(home: registry.home).entries() == [
        .init(name: "sharegpt", path: chat, dataset: "sharegpt", records: 1),
        .init(name: "mine", path: lines, dataset: "prompts", records: 2),
        .init(name: "chat2", path: chat, dataset: "sharegpt", records: 1),
      ])

    let mine = try Datasets.find("mine", home: registry.home).load(countTokens: { $0.count })
    #expect(mine.requests.map(\.prompt) == ["first prompt", "second prompt"])
    let registered = try Datasets.find("sharegpt", home: registry.home).load(countTokens: { $0.count })
    #expect(registered.requests.map(\.id) == ["a"] && !registered.isBundledSample && registered.path == chat)
  }

  @Test("a relative path counts from the current folder")
  func relativePath() throws {
    let folder = try TemporaryFolder()
    let problem = #expect(throws: RuntimeProblem.self) {
      try DatasetRegistry(home: folder.path).add("x", path: "not-here.json")
    }
    let absolute = FileManager.default.currentDirectoryPath + "/not-here.json"
    let loaded = #expect(throws: RuntimeProblem.self) {
      try Datasets.find("prompts", home: nil).load(["file": .string("not-here.json")], countTokens: { $0.count })
    }
    #expect(loaded == problem)
    #expect(problem?.description == "K201: cannot open \(absolute): No such file or directory (check the path)")
  }

  @Test("the same name replaces, remove forgets, the data file stays")
  func replaceAndRemove() throws {
    let folder = try TemporaryFolder()
    let registry = DatasetRegistry(home: folder.path)
    let first = try folder.write("1.txt", "a")
    let second = try folder.write("2.txt", "b\nc")
    try registry.add("x", path: first)
    try registry.add("x", path: second)
    #expect(try registry.entries().map(\.path) == [second])
    #expect(try registry.remove("x"))
    #expect(try !registry.remove("x"))
    #expect(try registry.entries() == [] && FileManager.default.fileExists(atPath: second))
  }

  @Test("a file that cannot be read as the data set is not registered")
  func validation() throws {
    let folder = try TemporaryFolder()
    let registry = DatasetRegistry(home: folder.path)
    let path = try folder.write("chat.json", String(Self.chat.dropLast(5)))
    let problem = #expect(throws: RuntimeProblem.self) { try registry.add("sharegpt", path: path) }
    #expect(problem?.code == "K403")
    #expect(try registry.entries() == [])
  }

  @Test("a name that the language could not read is refused", arguments: ["", "2fast", "a b", "naïve", "a/b", "-x"])
  func names(name: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("1.txt", "a")
    let problem = #expect(throws: RuntimeProblem.self) { try DatasetRegistry(home: folder.path).add(name, path: path) }
    #expect(
      problem?.description
        == "K407: '\(name)' is not a name; expected a letter, then letters, digits, '-' or '_', at most 64")
  }

  @Test("a damaged register is one clear error and is left as it is", arguments: ["", "{", "[]", #"{"version":1}"#])
  func damaged(text: String) throws {
    let folder = try TemporaryFolder()
    let path = try folder.write("data.json", text)
    let file = try folder.write("1.txt", "a")
    let registry = DatasetRegistry(home: folder.path)
    let problem = #expect(throws: RuntimeProblem.self) { try registry.entries() }
    #expect(problem?.code == "K408" && problem?.seen == "\(path): not a register of data sets")
    #expect(throws: RuntimeProblem.self) { try registry.add("x", path: file) }
    #expect(try String(contentsOfFile: path, encoding: .utf8) == text)
  }

  @Test("a home that is not a folder is a clear error")
  func unwritable() throws {
    let folder = try TemporaryFolder()
    let file = try folder.write("1.txt", "a")
    let problem = #expect(throws: RuntimeProblem.self) { try DatasetRegistry(home: file).add("x", path: file) }
    #expect(problem?.code == "K409")
  }

  @Test("many writers at once lose no entry")
  func concurrency() async throws {
    let folder = try TemporaryFolder()
    let registry = DatasetRegistry(home: folder.path)
    let file = try folder.write("1.txt", "a")
    try await withThrowingTaskGroup(of: Void.self) { group in
      for i in 0..<24 { group.addTask { try registry.add("name\(i)", path: file) } }
      try await group.waitForAll()
    }
    #expect(Set(try registry.entries().map(\.name)) == Set((0..<24).map { "name\($0)" }))
  }
}
