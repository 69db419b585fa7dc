import Foundation
import Lang
import Testing

@testable import kvsh

/// `measure` and `perplexity`: columns, sweeps, counts and refusals; what a time is, no test can say.
@Suite(.serialized)
struct MeasureTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  /// Columns that every style has, in their order.
  private static let rates = [
    "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high", "noise", "verdict", "attention_ms", "attention",
    "compression_ms",
  ]

  @Test("prefill: a row for every length, batch and configuration, the uncompressed one first")
  func prefill() throws {
    let table = try test.table("compress kivi bits=2 | measure prefill tokens=[8, 40] batch=[1, 2] repeat=3 warmup=0")
    #expect(
      table.columnNames == ["config", "tokens", "batch"] + Self.rates + [
        "repeats", "threads", "style", "cache_bytes", "peak_bytes", "engine", "scratch_bytes",
      ])
    #expect(table.strings("config") == Array(repeating: ["fp16", "kivi bits=2"], count: 4).flatMap { $0 })
    #expect(table.ints("tokens") == [8, 8, 8, 8, 40, 40, 40, 40])
    #expect(table.ints("batch") == [1, 1, 2, 2, 1, 1, 2, 2])
    #expect(table.ints("repeats") == Array(repeating: 3, count: 8))
    #expect(table.strings("style") == Array(repeating: "paper", count: 8))
    for row in 0..<8 {
      let (rate, low, high) = (table.doubles("tok_s")[row], table.doubles("low")[row], table.doubles("high")[row])
      #expect(low <= rate && rate <= high && low > 0)
      #expect(table.doubles("attention_ms")[row] > 0 && table.doubles("compression_ms")[row] >= 0)
      #expect(table.ints("peak_bytes")[row] >= table.ints("cache_bytes")[row])
      // Three rounds are too few to tell anything.
      #expect(table.cell(row, "verdict") == (row % 2 == 0 ? .nil : .string("not distinguishable")))
      guard case .share(let attention) = table.cell(row, "attention"), case .share(let noise) = table.cell(row, "noise")
      else {
        Issue.record("row \(row) has no shares")
        continue
      }
      #expect(attention > 0 && attention < 1 && noise >= 0)
    }
    for row in stride(from: 0, to: 8, by: 2) { #expect(table.doubles("speedup")[row] == 1) }
    // 8 tokens are in half a block of 16; fp16 counts whole blocks.
    #expect(table.ints("cache_bytes")[4] == 40 * 23_040 + 8 * 11_520)
    let notes = test.printed().joined()
    #expect(notes.contains("the uncompressed cache against itself") && notes.contains("precision=3 %"))
  }

  @Test("decode: depth, steps and the bytes one step reads")
  func decode() throws {
    let table = try test.table("compress h2o budget=16 | measure decode depth=[0, 62] batch=2 steps=3 repeat=1")
    #expect(
      table.columnNames == ["config", "depth", "batch", "steps"] + Self.rates + [
        "repeats", "threads", "style", "cache_bytes", "peak_bytes", "read_bytes", "engine", "scratch_bytes",
        "moved_bytes", "moved_formula",
      ])
    // What one step appends and reads is what the algorithm says, but for the new tokens' own rows.
    #expect(table.strings("engine") == Array(repeating: "fused", count: 4))
    #expect(abs(table.ints("moved_bytes")[2] - table.ints("moved_formula")[1]) <= 2 * 2 * 23_040)
    #expect(table.strings("config") == ["fp16", "h2o budget=16", "fp16", "h2o budget=16"])
    #expect(table.ints("depth") == [0, 0, 62, 62] && table.ints("steps") == [3, 3, 3, 3])
    // One round has no interval, and so no noise.
    #expect(table.doubles("low").isEmpty && table.doubles("tok_s").count == 4)
    #expect(table.cells("noise").allSatisfy { $0 == .nil })
    #expect(test.printed().joined().contains("nothing is distinguishable"))
    // Depth 62, two untimed steps, then 65, 66 and 67 tokens; the budget is what is left of a step's.
    #expect(table.ints("read_bytes")[2] == 2 * 66 * 23_040)
    #expect(table.ints("read_bytes")[3] == 2 * 16 * 23_040)
    #expect(table.ints("cache_bytes")[3] < table.ints("cache_bytes")[2] / 3)
    // Progress tells of every run, the uncompressed cache's second one and the one that is under way included.
    #expect(test.progress.taken().map(\.done) == Array(0..<6))
  }

  struct Style: Sendable {
    let line: String
    let columns: [String]
  }

  static let styles = [
    Style(line: "measure prefill tokens=8 repeat=3 style=paper", columns: []),
    Style(line: "measure prefill tokens=8 repeat=2 style=llama_bench", columns: ["deviation"]),
    Style(line: "measure prefill tokens=8 repeat=2 style=trl", columns: ["ttft_ms", "e2e_ms"]),
    Style(line: "measure prefill tokens=8 repeat=2 style=vllm", columns: ["ttft_ms", "e2e_ms"]),
    Style(line: "measure decode depth=8 steps=2 repeat=2 style=paper", columns: []),
    Style(line: "measure decode depth=8 steps=2 repeat=2 style=llama_bench", columns: ["deviation"]),
    Style(line: "measure decode depth=8 steps=2 repeat=2 style=vllm", columns: ["ttft_ms", "tbot_ms", "e2e_ms"]),
  ]

  @Test("a style has a rate, and the columns that it defines and no others", arguments: styles)
  func style(_ each: Style) throws {
    let table = try test.table("\(each.line) warmup=0")
    #expect(SpeedRows.definedBySome.filter(table.columnNames.contains) == each.columns)
    #expect(table.doubles("tok_s").count == 1 && table.doubles("tok_s")[0] > 0)
    for column in each.columns { #expect(table.doubles(column).count == 1, "\(column)") }
  }

  @Test("by the paper's definition two prompts have no result")
  func none() throws {
    let table = try test.table("measure prefill tokens=8 repeat=2 warmup=0")
    #expect(table.cell(0, "tok_s") == .nil && table.cell(0, "speedup") == .nil && table.ints("repeats") == [2])
    #expect(test.printed().joined().contains("1 of 1 rows have no result"))
  }

  @Test("threads are a sweep of their own, and noise can be left out")
  func threads() throws {
    let table = try test.table("compress kivi bits=2 | measure decode steps=3 repeat=1 threads=[1, 2] noise=off")
    #expect(table.ints("threads") == [1, 1, 2, 2])
    #expect(table.cells("verdict").allSatisfy { $0 == .nil } && test.printed().isEmpty)
    #expect(test.progress.taken().map(\.done) == Array(0..<4))
  }

  @Test("latency: to the first token, between tokens, to the last, of every request")
  func latency() throws {
    let table = try test.table("compress kivi bits=2 | measure latency prompt=[8, 16] batch=2 gen=3 repeat=2 warmup=0")
    #expect(table.columnNames == LatencyMeasurement().columns)
    #expect(table.strings("config") == ["fp16", "kivi bits=2", "fp16", "kivi bits=2"])
    #expect(table.ints("prompt") == [8, 8, 16, 16] && table.ints("gen") == [3, 3, 3, 3])
    for row in 0..<4 {
      func ms(_ name: String) -> Double { table.doubles("\(name)_ms")[row] }
      // Three steps follow the first token, which the first request has before the second's prompt is read.
      #expect(
        ms("ttft") > 0 && ms("e2e") > ms("ttft") && abs(ms("ttft") + 3 * ms("tbot") - ms("e2e")) < 1e-6 * ms("e2e"))
      #expect(ms("ttft_p50") <= ms("ttft_p99") && ms("itl_p50") <= ms("itl_p99"))
      let rates = ["requests_s", "out_tok_s", "total_tok_s"].map { table.doubles($0)[row] }
      #expect(abs(rates[1] / rates[0] - 4) < 1e-9)
      #expect(abs(rates[2] / rates[0] - Double(4 + table.ints("prompt")[row])) < 1e-9)
    }
    #expect(table.doubles("speedup")[0] == 1)
    // A prompt of 8 and three tokens more, the last new one is never fed: steps read 9, 10 and 11.
    #expect(table.ints("read_bytes")[0] == 2 * 10 * 23_040)
    let alone = try test.table("measure latency prompt=8 gen=0 repeat=1 warmup=0 noise=off")
    #expect(alone.cell(0, "tbot_ms") == .nil && alone.cell(0, "itl_ms") == .nil && alone.doubles("e2e_ms").count == 1)
  }

  @Test("memory: bytes by kind, the same in every run, and a peak that no steady state exceeds")
  func memory() throws {
    let line = "compress [kivi(bits=2, residual=32), h2o(budget=32)] | measure memory tokens=[64, 128] batch=2 steps=4"
    let table = try test.table(line)
    let counted = [
      "held_bytes", "peak_bytes", "payload_bytes", "scale_bytes", "metadata_bytes", "tail_bytes", "correction_bytes",
      "slack_bytes",
    ]
    #expect(
      table.columnNames == ["config", "tokens", "batch"] + counted + [
        "ratio", "storage", "process_bytes", "resident_bytes", "weight_bytes", "mapped_bytes",
      ])
    #expect(table.rowCount == 6)
    for row in 0..<6 {
      let parts = counted.dropFirst(2).map { table.ints($0)[row] }.reduce(0, +)
      #expect(table.ints("held_bytes")[row] == parts)
      #expect(table.ints("peak_bytes")[row] >= parts)
      #expect(table.doubles("ratio")[row] == Double(table.ints("tokens")[row] * 2 * 23_040) / Double(parts))
    }
    #expect(table.ints("held_bytes")[3] == 2 * 128 * 23_040 && table.strings("storage")[3] == "full")
    // 96 keys and 96 values of 128 tokens at 2 bits in groups of 32, the newest 32 exact.
    #expect(table.ints("payload_bytes")[4] == 2 * 30 * (128 + 96) * 192 / 4)
    #expect(table.ints("tail_bytes")[4] == 2 * 30 * 32 * 192 * 2)
    let again = try test.table(line)
    for column in counted + ["weight_bytes"] { #expect(again.ints(column) == table.ints(column), "\(column)") }
    #if os(Linux)
      #expect(table.ints("process_bytes").count == 6 && table.ints("resident_bytes").allSatisfy { $0 > 90_000_000 })
      // The file's pages are let go once its weights are repacked.
      #expect(table.ints("mapped_bytes").allSatisfy { $0 < 1 << 20 })
    #endif
  }

  @Test("a budget that covers the text changes no payload, and no peak is above what is held")
  func nothingToDo() throws {
    let table = try test.table("compress streamingllm budget=512 | measure memory tokens=64 batch=2")
    #expect(table.ints("payload_bytes") == [2 * 64 * 23_040, 2 * 64 * 23_040])
    #expect(table.ints("peak_bytes") == table.ints("held_bytes") && table.ints("held_bytes")[0] == 2 * 64 * 23_040)
  }

  @Test("an interrupted measurement returns the rows it has")
  func interrupted() throws {
    test.progress.onUpdate { [session = UncheckedSession(test.session)] state in
      if state.done == 3 { session.value.interrupt() }
    }
    let table = try test.table("compress kivi bits=2 | measure prefill tokens=8 repeat=4 warmup=0")
    test.progress.onUpdate(nil)
    // Of the first round all three arms ran, the uncompressed cache twice; the second began with the compressed one.
    #expect(table.ints("repeats") == [1, 1])
    #expect(test.printed().joined().contains("interrupted"))
  }

  @Test("perplexity: one row a configuration, by steps beside a method, the same windows for all")
  func perplexity() throws {
    let path = try test.folder.file(
      "t.txt", String(repeating: "The cat sat on the mat and looked at the dog. ", count: 8))
    let alone = try test.table("perplexity \"\(path)\" window=32 stride=16")
    #expect(
      alone.columnNames == [
        "config", "tokens", "scored", "windows", "window", "stride", "fed", "perplexity", "low", "high", "nll", "ratio",
      ])
    #expect(alone.rowCount == 1 && alone.strings("fed") == ["prompt"])
    let tokens = alone.ints("tokens")[0]
    #expect(tokens > 80 && alone.ints("scored") == [tokens - 1])
    #expect(alone.ints("windows") == [(tokens - 32 + 15) / 16 + 1])
    let beside = try test.table(
      "compress [h2o(budget=512), h2o(budget=8)] | perplexity \"\(path)\" window=32 stride=16 tokens=80")
    #expect(beside.strings("config") == ["fp16", "h2o budget=512", "h2o budget=8"])
    #expect(beside.strings("fed") == ["steps", "steps", "steps"] && beside.ints("scored") == [79, 79, 79])
    #expect(beside.doubles("ratio")[0] == 1 && beside.doubles("ratio")[1] == 1 && beside.doubles("ratio")[2] != 1)
    for row in 0..<3 {
      #expect(abs(log(beside.doubles("perplexity")[row]) - beside.doubles("nll")[row]) < 1e-9)
      #expect(beside.doubles("low")[row] < beside.doubles("perplexity")[row])
    }
  }
}

extension MeasureTests {
  @Test(
    "a text that cannot be scored is one problem at the argument that is to blame",
    arguments: [
      ("", "", "t.txt"), ("a b c d", "window=9000", "window=9000"), ("a b c d", "window=8 stride=9", "stride=9"),
    ])
  func unscored(text: String, arguments: String, place: String) throws {
    let path = try test.folder.file("t.txt", text)
    let (problem, isChecked) = try test.problem("perplexity \"\(path)\" \(arguments)")
    #expect(problem.code == "K608" && !isChecked)
    #expect(problem.span.map { place.hasSuffix($0.text) || $0.text.hasSuffix("\(place)\"") } == true, "\(problem)")
  }
}

/// Safe to send: the test's one thread makes both the call and, through the progress, the interruption.
private struct UncheckedSession: @unchecked Sendable {
  let value: Session
  init(_ value: Session) { self.value = value }
}
