import Foundation
import Lang
import Testing

@testable import kvsh

/// `compress kivi bits=2 | run sharegpt | plot lengthdiff`, in small.
@Suite(.serialized)
struct MainLineTests {
  static let line = "compress kivi bits=2 residual=32 | run sharegpt n=6 max=16"
  /// One store for all: each row is computed once.
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  let test: CommandSession

  init() throws { test = try CommandSession(try Self.folder.get()) }

  @Test("one row for every configuration and sample, the baseline first, paired by sample")
  func rows() throws {
    let rows = try test.table(Self.line)
    #expect(rows.rowCount == 12)
    #expect(
      rows.strings("config") == Array(repeating: "fp16", count: 6)
        + Array(repeating: "kivi bits=2 residual=32", count: 6))
    let samples = rows.strings("sample")
    #expect(Array(samples[..<6]) == Array(samples[6...]))
    #expect(Set(samples).count == 6)
    let promised = [
      "config", "sample", "prompt_tokens", "output_tokens", "finish", "text", "score", "ttft_ms", "tbot_ms", "e2e_ms",
      "cache_bytes", "cache_bytes_peak", "read_bytes",
    ]
    #expect(Array(rows.columnNames.prefix(promised.count)) == promised)
    #expect(rows.ints("prompt_tokens").allSatisfy { $0 > 30 && $0 < 1_100 })
    #expect(rows.ints("output_tokens").allSatisfy { (1...16).contains($0) })
    for row in 0..<12 {
      let finish = rows.cell(row, "finish").text
      #expect(finish == (rows.cell(row, "output_tokens").asInt == 16 ? "length" : "eos"))
      let (first, all) = (rows.doubles("ttft_ms")[row], rows.doubles("e2e_ms")[row])
      #expect(first > 0 && all >= first)
    }
  }

  @Test("bytes add up, and packing holds less where the prompt is longer than the exact tail")
  func bytes() throws {
    let rows = try test.table(Self.line)
    let parts = ["payload_bytes", "scale_bytes", "metadata_bytes", "tail_bytes", "correction_bytes", "slack_bytes"]
    for row in 0..<rows.rowCount {
      let sum = parts.compactMap { rows.cell(row, $0).asInt }.reduce(0, +)
      #expect(rows.cell(row, "cache_bytes").asInt == sum)
      #expect(rows.ints("cache_bytes_peak")[row] >= sum)
      // 2 x 30 layers x 3 heads x 64 numbers x 2 bytes, for the prompt and all new tokens but the last.
      let tokens = rows.ints("prompt_tokens")[row] + rows.ints("output_tokens")[row]
      if row < 6, rows.cell(row, "finish").text == "length" {
        #expect(rows.ints("payload_bytes")[row] == (tokens - 1) * 23_040)
      }
      if row >= 6 { #expect(rows.ints("cache_bytes")[row] * 10 < rows.ints("cache_bytes")[row - 6] * 9) }
    }
    #expect(rows.strings("storage") == Array(repeating: "full", count: 6) + Array(repeating: "packed", count: 6))
  }

  @Test("lengths is what the rows say by hand")
  func lengths() throws {
    let rows = try test.table(Self.line)
    let tokens = rows.ints("output_tokens").map(Double.init)
    let (base, packed) = (Array(tokens[..<6]), Array(tokens[6...]))
    let differences = zip(base, packed).map { ($0 - $1) / $0 }
    let table = try test.table("\(Self.line) | lengths threshold=0.1")
    #expect(table.rowCount == 1)
    func value(_ name: String) -> Double {
      switch table.cell(0, name) {
      case .share(let share): share
      case let other: other.asDouble ?? .nan
      }
    }
    #expect(table.cell(0, "config") == .string("kivi bits=2 residual=32"))
    #expect(value("n") == 6)
    #expect(value("longer") == Double(differences.count { $0 <= -0.1 }) / 6)
    #expect(value("shorter") == Double(differences.count { $0 >= 0.1 }) / 6)
    #expect(abs(value("mean_D") - differences.reduce(0, +) / 6) < 1e-12)
    #expect(abs(value("ratio") - zip(base, packed).map { $1 / $0 }.reduce(0, +) / 6) < 1e-12)
    #expect(abs(value("sum_ratio") - packed.reduce(0, +) / base.reduce(0, +)) < 1e-12)
    #expect(value("baseline_at_cap") == Double(rows.strings("finish")[..<6].count { $0 == "length" }))
    #expect(value("at_cap") == Double(rows.strings("finish")[6...].count { $0 == "length" }))
    #expect(value("longer_low") <= value("longer") && value("longer") <= value("longer_high"))
  }

  @Test("the plot carries the table and the pairs it was drawn from")
  func plot() throws {
    guard case .object(let object as PlotValue) = try test.run("\(Self.line) | plot lengthdiff bins=10 threshold=0.25")
    else {
      Issue.record("no plot")
      return
    }
    #expect(object.summary == (try test.table("\(Self.line) | lengths threshold=0.25")))
    #expect(object.data.rowCount == 6)
    let rows = try test.table(Self.line)
    #expect(object.data.ints("L_un") == Array(rows.ints("output_tokens")[..<6]))
    #expect(object.data.ints("L_cs") == Array(rows.ints("output_tokens")[6...]))
    #expect(object.chart.series.map(\.label) == ["kivi bits=2 residual=32"])
    let text = test.session.render(.object(object), as: .table, width: 80)
    #expect(text.contains("kivi bits=2 residual=32"))
    #expect(text.contains("D ≥ 25 %"))
    #expect(text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(!text.contains("\u{1B}"))
  }

  @Test("a configuration that keeps everything gives D of exactly 0, and a note says so")
  func nothingToDo() throws {
    let rows = try test.table("compress h2o budget=4000 | run sharegpt n=3 max=12")
    #expect(rows.strings("text")[..<3] == rows.strings("text")[3...])
    let notes = test.printed()
    #expect(notes == ["note: h2o budget=4000 changed nothing in 3 responses: no cache grew past what it keeps"])
    let table = try test.table("compress h2o budget=4000 | run sharegpt n=3 max=12 | lengths")
    #expect(table.cell(0, "mean_D") == .float(0))
    #expect(table.cell(0, "ratio") == .float(1))
    #expect(table.cell(0, "longer") == .share(0) && table.cell(0, "shorter") == .share(0))
  }

  @Test("baseline=off runs the configurations alone; run alone is the baseline; nothing runs twice")
  func baseline() throws {
    let alone = try test.table("compress kivi | run sharegpt n=1 max=2 baseline=off")
    #expect(alone.strings("config") == ["kivi"])
    #expect(try test.table("run sharegpt n=1 max=2").strings("config") == ["fp16"])
    #expect(try test.table("run sharegpt n=1 max=2 baseline=off").strings("config") == ["fp16"])
    let twice = try test.table("compress [kivi(), kivi(bits=2), kivi(bits=4)] | run sharegpt n=1 max=2")
    #expect(twice.strings("config") == ["fp16", "kivi", "kivi bits=4"])
  }
}

extension Table: Equatable {
  public static func == (left: Table, right: Table) -> Bool { Value.table(left) == Value.table(right) }
}
