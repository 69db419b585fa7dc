import Foundation
import Lang
import Testing

@testable import kvsh

/// `save` and `load`.
@Suite(.serialized)
struct SavedFileTests {
  static let line = "compress kivi bits=2 | run sharegpt n=3 max=8"
  /// One store for all: each row is computed once.
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  let test: CommandSession
  let files: TemporaryFolder

  init() throws {
    test = try CommandSession(try Self.folder.get())
    files = try TemporaryFolder()
  }

  private func saved(_ stages: String, _ name: String) throws -> String {
    let path = files.path + "/" + name
    #expect(try test.run("\(stages) | save \"\(path)\"") == .nil)
    let text = try String(contentsOfFile: path, encoding: .utf8)
    #expect(test.printed().last == "saved \(path) (\(text.utf8.count) bytes)")
    #expect(try FileManager.default.contentsOfDirectory(atPath: files.path) == [name])
    return text
  }

  @Test("a plot becomes a page that holds the figure, the table and the line")
  func page() throws {
    let text = try saved("\(Self.line) | plot lengthdiff", "x.html")
    #expect(text.hasPrefix("<!DOCTYPE html>") || text.hasPrefix("<!doctype html>"))
    for part in ["<svg", "</svg>", "</html>", "kivi bits=2", "mean_D", "run sharegpt n=3 max=8"] {
      #expect(text.contains(part), "\(part)")
    }
    #expect(!text.contains("<script src"))
  }

  @Test("a plot becomes an SVG that an XML parser reads")
  func svg() throws {
    let text = try saved("\(Self.line) | plot lengthdiff", "x.svg")
    #expect(text.contains("<svg") && text.contains("kivi bits=2"))
    // Every element that opens closes.
    let opened = text.matches(of: /<[a-z][^>]*[^\/]>/).count
    let closed = text.matches(of: /<\/[a-z]+>/).count
    #expect(opened == closed)
    #expect(opened > 5)
  }

  @Test("a plot becomes Vega-Lite")
  func vegaLite() throws {
    let text = try saved("\(Self.line) | plot lengthdiff", "x.vl.json")
    let object = try JSONSerialization.jsonObject(with: Data(text.utf8)) as? [String: Any]
    #expect((object?["$schema"] as? String)?.contains("vega-lite") == true)
    #expect(text.contains("kivi bits=2"))
  }

  @Test("a plot as a table is its pairs; as text it is drawn", arguments: ["csv", "json", "jsonl", "md", "txt"])
  func pairs(ending: String) throws {
    let text = try saved("\(Self.line) | plot lengthdiff", "x.\(ending)")
    if ending == "txt" {
      #expect(text.contains("mean D") && text.contains("kivi bits=2"))
      return
    }
    #expect(text.contains("L_un") && text.contains("kivi bits=2"))
    guard ["csv", "json", "jsonl"].contains(ending) else { return }
    let pairs = try test.table("load \"\(files.path)/x.\(ending)\"")
    #expect(pairs.rowCount == 3)
    #expect(pairs.columnNames == ["config", "sample", "L_un", "L_cs", "D", "L_un_at_cap", "L_cs_at_cap"])
  }

  @Test("rows come back from every table format as they went", arguments: ["csv", "json", "jsonl"])
  func rows(ending: String) throws {
    let path = files.path + "/rows.\(ending)"
    _ = try saved(Self.line, "rows.\(ending)")
    let back = try test.table("load \"\(path)\"")
    let rows = try test.table(Self.line)
    #expect(back.columnNames == rows.columnNames)
    #expect(back.results == rows.results)
    #expect(back.doubles("ttft_ms") == rows.doubles("ttft_ms"))
    #expect(try test.table("load \"\(path)\" | lengths") == test.table("\(Self.line) | lengths"))
  }

  @Test("a file that is there is replaced and keeps the rights that files get")
  func replaced() throws {
    let path = try files.file("a.csv", String(repeating: "old", count: 1_000))
    try test.run("table [{a: 1}] | save \"\(path)\"")
    #expect(try String(contentsOfFile: path, encoding: .utf8) == "a\n1\n")
    let new = files.path + "/b.csv"
    try test.run("table [{a: 1}] | save \"\(new)\"")
    let plain = files.path + "/c"
    #expect(FileManager.default.createFile(atPath: plain, contents: nil))
    func rights(_ path: String) throws -> Int? {
      try FileManager.default.attributesOfItem(atPath: path)[.posixPermissions] as? Int
    }
    #expect(try rights(new) == rights(plain))
  }

  @Test("other values become text or JSON")
  func values() throws {
    #expect(try saved("{a: [1, 2.5, true, nil]}", "v.json") == "{\"a\":[1,2.5,true,null]}\n")
    try FileManager.default.removeItem(atPath: files.path + "/v.json")
    #expect(try saved("\"two\\nlines\"", "v.txt") == "two\nlines\n")
  }
}
