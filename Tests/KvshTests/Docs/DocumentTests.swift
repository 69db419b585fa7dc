import Foundation
import Testing

/// Every `kvs` block of the README and of docs/ runs, with its sizes made small.
@Suite("Documents") struct DocumentTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent().deletingLastPathComponent()

  struct Block: CustomTestStringConvertible {
    let file: String
    let line: Int
    let text: String
    var testDescription: String { "\(file):\(line)" }
  }

  /// README.md and docs/*.md.
  static let files: [URL] = {
    let docs = root.appendingPathComponent("docs")
    let names = (try? FileManager.default.contentsOfDirectory(atPath: docs.path)) ?? []
    return [root.appendingPathComponent("README.md")]
      + names.filter { $0.hasSuffix(".md") }.sorted().map { docs.appendingPathComponent($0) }
  }()

  static let blocks: [Block] = files.flatMap { file -> [Block] in
    guard let text = try? String(contentsOf: file, encoding: .utf8) else { return [] }
    var blocks: [Block] = []
    var open: (line: Int, lines: [Substring])?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if line == "```kvs" {
        open = (index + 2, [])
      } else if line == "```", let block = open {
        blocks.append(
          Block(file: file.lastPathComponent, line: block.line, text: block.lines.joined(separator: "\n")))
        open = nil
      } else {
        open?.lines.append(line)
      }
    }
    return blocks
  }

  /// The same lines over four samples of at most a dozen tokens.
  static func small(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { line in
      var line = line.replacing(/\bn=\d+/, with: "n=4").replacing(/\bmax=\d+/, with: "max=12")
      if line.contains("run sharegpt"), !line.contains("max=") {
        line = line.replacing("run sharegpt", with: "run sharegpt max=12")
      }
      return line
    }.joined(separator: "\n")
  }

  @Test("the README has the main line, the two commands and pictures that exist")
  func readme() throws {
    let text = try String(contentsOf: Self.root.appendingPathComponent("README.md"), encoding: .utf8)
    #expect(Self.blocks.contains { $0.file == "README.md" && $0.text.contains("| plot lengthdiff") })
    for command in ["scripts/demo", "scripts/test"] {
      #expect(text.contains(command))
      #expect(FileManager.default.isExecutableFile(atPath: Self.root.appendingPathComponent(command).path))
    }
    for link in text.matches(of: /\]\(([^)#]+)\)/).map({ String($0.1) }) where !link.contains("://") {
      #expect(FileManager.default.fileExists(atPath: Self.root.appendingPathComponent(link).path), "\(link)")
    }
  }

  @Test("every line shown runs", arguments: blocks)
  func run(_ block: Block) throws {
    let home = try TemporaryFolder()
    try ModelFolder.link(into: home)
    let script = try home.file("block.kvs", Self.small(block.text))
    let result = try KvshProgram.run(
      [script], in: home,
      shell: "mkdir -p '\(home.path)/work' && cd '\(home.path)/work' && ln -s '\(Self.root.path)/examples' . "
        + "&& exec \"$0\" \"$@\"")
    #expect(result.status == 0, "\(result.errors)\(result.output.suffix(500))")
    #expect(!result.output.isEmpty)
  }
}

/// The default model, linked into a test's own home.
enum ModelFolder {
  static func link(into home: TemporaryFolder) throws {
    let environment = ProcessInfo.processInfo.environment
    let data = environment["XDG_DATA_HOME"] ?? (environment["HOME"] ?? "") + "/.local/share"
    let source = (environment["KVSH_HOME"] ?? data + "/kvsh") + "/models/SmolLM2-135M-Instruct.Q4_1.gguf"
    try #require(FileManager.default.fileExists(atPath: source), "there is no \(source): run scripts/setup")
    let folder = home.path + "/kvsh/models"
    try FileManager.default.createDirectory(atPath: folder, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: folder + "/SmolLM2-135M-Instruct.Q4_1.gguf", withDestinationPath: source)
  }
}
