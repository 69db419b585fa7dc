import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// `lengths`, `verbosity`, `plot latency` and the controls of `run`.
@Suite(.serialized)
struct LengthCommandTests {
  static let line = "compress kivi bits=2 residual=32 | run sharegpt n=4 max=24"
  /// One store for all: each row is computed once.
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  let test: CommandSession

  init() throws { test = try CommandSession(try Self.folder.get()) }

  @Test("controls are the baseline at other temperatures and under other noise, as configurations")
  func controls() throws {
    let rows = try test.table("\(Self.line) controls=on")
    let labels = ["fp16", "kivi bits=2 residual=32", "fp16 T=0.9", "fp16 T=1.1", "reseed"]
    #expect(rows.strings("config") == labels.flatMap { Array(repeating: $0, count: 4) })
    // The control at a temperature is the row that `run` gives at it, and reseed that of the next noise.
    func texts(_ line: String) throws -> [String] { try test.table(line).strings("text") }
    func of(_ label: String) throws -> [String] {
      try texts("\(Self.line) controls=on | where config == \"\(label)\"")
    }
    #expect(try of("fp16 T=0.9") == texts("run sharegpt n=4 max=24 temperature=0.9"))
    #expect(try of("reseed") == texts("run sharegpt n=4 max=24 noise_seed=1"))
    #expect(try of("reseed") != of("fp16"))
    let others = try test.table("run sharegpt n=4 max=24 control_temperature=[0.5]").strings("config")
    #expect(Array(Set(others)).sorted() == ["fp16", "fp16 T=0.5", "reseed"])
  }

  @Test("controls of a greedy run are refused before anything runs")
  func greedy() throws {
    let (problem, _) = try test.problem("run sharegpt n=4 max=8 temperature=0 controls=on")
    #expect(problem.code == "K652" && problem.suggestion?.contains("temperature=1") == true)
    #expect(try test.problem("run passkey n=2 tokens=200 controls=on").problem.code == "K652")
  }

  @Test("every share and ratio of lengths has its interval, and parts add up")
  func lengths() throws {
    let table = try test.table("\(Self.line) controls=on | lengths per=part")
    #expect(table.rowCount == 4 * 5)
    for name in ["longer", "shorter", "mean_D", "ratio", "sum_ratio"] {
      #expect(table.columnNames.contains(name + "_low") && table.columnNames.contains(name + "_high"), "\(name)")
    }
    for config in ["kivi bits=2 residual=32", "fp16 T=0.9", "fp16 T=1.1", "reseed"] {
      let counts = Dictionary(
        uniqueKeysWithValues: (0..<table.rowCount).filter { table.cell($0, "config").text == config }.map {
          (table.cell($0, "part").text, table.cell($0, "n").asInt ?? -1)
        })
      #expect(counts["all"] == 4)
      #expect((counts["compressed"] ?? 0) + (counts["never compressed"] ?? 0) == 4)
      #expect((counts["at the limit"] ?? 0) + (counts["below the limit"] ?? 0) == 4)
    }
  }

  @Test("requests that fit into what a configuration keeps are told as never compressed")
  func untouched() throws {
    // A window longer than prompt and answer keeps everything; one of 16 tokens keeps nearly nothing.
    let table = try test.table(
      "compress streamingllm budget=[16, 2000] | run sharegpt n=4 max=24 | lengths per=part | where part == \"never compressed\""
    )
    #expect(table.ints("n") == [0, 4])
    let wide = try test.table("compress streamingllm budget=2000 | run sharegpt n=4 max=24 | lengths")
    #expect(wide.ints("untouched") == [4] && wide.doubles("mean_D") == [0])
  }

  @Test("verbosity names its scorer in the column, and has the baseline's score beside it")
  func verbosity() throws {
    let words = try test.table("\(Self.line) | verbosity score=qa_f1")
    for name in ["qa_f1_reference", "qa_f1_reference_low", "fp16_qa_f1_reference", "difference", "verbose_high"] {
      #expect(words.columnNames.contains(name), "\(name)")
    }
    #expect(words.ints("n") == [4])
    let parted = try test.table("\(Self.line) | verbosity score=qa_f1 against=baseline")
    #expect(parted.columnNames.contains("qa_f1_baseline") && !parted.columnNames.contains("difference"))
    #expect(parted.cells("verbose") == [.nil])
    let lengths = try test.table("\(Self.line) | verbosity score=off")
    #expect(lengths.columnNames.suffix(4) == ["verbose", "verbose_low", "verbose_high", "grown_at_cap"])
  }

  @Test("an encoder in the encoders folder judges responses; without one the problem says how to get it")
  func encoder() throws {
    let own = try CommandSession()
    let (problem, _) = try own.problem("\(Self.line) | verbosity score=minilm")
    #expect(problem.code == "K650" && problem.suggestion?.contains("scripts/setup") == true)
    #expect(try own.table("\(Self.line) | verbosity").columnNames.contains("qa_f1_reference"))
    let tiny = CommandExampleTests.package + "/Tests/RuntimeTests/Fixtures/encoder/tiny"
    try FileManager.default.createDirectory(atPath: own.home + "/encoders", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: own.home + "/encoders/tiny", withDestinationPath: tiny)
    let judged = try own.table("\(Self.line) | verbosity")
    #expect(judged.columnNames.contains("tiny_reference"))
    for score in judged.doubles("tiny_reference") { #expect((-100...100).contains(score)) }
  }

  @Test("tables without what verbosity needs are told which column is missing")
  func missing() throws {
    #expect(
      try test.problem("load \"\(CommandExampleTests.package)/examples/lengths.csv\" | verbosity").problem.code
        == "K605")
    #expect(try test.problem("\(Self.line) | verbosity score=score").problem.code == "K605")
    let bare = "\(Self.line) | select config sample output_tokens finish text"
    #expect(try test.problem("\(bare) | verbosity score=qa_f1 against=reference").problem.code == "K605")
    #expect(try test.table("\(bare) | verbosity score=qa_f1").columnNames.contains("qa_f1_baseline"))
  }

  @Test("plot lengthdiff puts the controls into one panel, and takes a width of one's own")
  func panels() throws {
    let path = test.folder.path + "/panels.html"
    try test.run("\(Self.line) controls=on | plot lengthdiff bandwidth_factor=0.3 | save \"\(path)\"")
    let page = try String(contentsOfFile: path, encoding: .utf8)
    for part in [">controls<", ">kivi<", "fp16 T=0.9", "reseed"] { #expect(page.contains(part), "\(part)") }
  }

  @Test("plot latency draws a step a request for every configuration, and saves as a page and a table")
  func latency() throws {
    let path = test.folder.path + "/latency"
    try test.run("\(Self.line) | plot latency | save \"\(path).csv\"")
    let points = try test.table("load \"\(path).csv\"")
    #expect(points.columnNames == ["config", "e2e_ms", "share"])
    #expect(Set(points.strings("config")) == ["fp16", "kivi bits=2 residual=32"])
    #expect(points.doubles("share").max() == 1)
    try test.run("\(Self.line) | plot latency on=ttft_ms log=false | save \"\(path).html\"")
    let page = try String(contentsOfFile: path + ".html", encoding: .utf8)
    #expect(page.contains("ttft_ms") && page.contains("p99") && page.contains("<svg"))
    #expect(try test.problem("\(Self.line) | select config text | plot latency").problem.code == "K605")
    #expect(try test.problem("\(Self.line) | plot latency on=text").problem.code == "K605")
  }
}
