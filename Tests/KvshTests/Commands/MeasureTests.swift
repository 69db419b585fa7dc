import Foundation
import Lang
import Testing

@testable import kvsh

/// `measure` and `perplexity`: columns, sweeps, counts and refusals; what a time is, no test can say.
@Suite(.serialized)
struct MeasureTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  @Test("prefill: a row for every length, batch and configuration, the uncompressed one first")
  func prefill() throws {
    let table = try test.table("compress kivi bits=2 | measure prefill tokens=[8, 40] batch=[1, 2] repeat=2 warmup=0")
    #expect(
      table.columnNames == [
        "config", "tokens", "batch", "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high", "repeats",
        "threads", "cache_bytes", "engine", "scratch_bytes", "pages", "unused_slots", "rank_tok_s", "reduced_bytes",
      ])
    #expect(table.strings("config") == Array(repeating: ["fp16", "kivi bits=2"], count: 4).flatMap { $0 })
    #expect(table.ints("tokens") == [8, 8, 8, 8, 40, 40, 40, 40])
    #expect(table.ints("batch") == [1, 1, 2, 2, 1, 1, 2, 2])
    #expect(table.ints("repeats") == Array(repeating: 2, count: 8))
    for row in 0..<8 {
      let (rate, low, high) = (table.doubles("tok_s")[row], table.doubles("low")[row], table.doubles("high")[row])
      #expect(low <= rate && rate <= high && low > 0)
    }
    for row in stride(from: 0, to: 8, by: 2) { #expect(table.doubles("speedup")[row] == 1) }
    // 8 tokens are in half a block of 16; fp16 counts whole blocks.
    #expect(table.ints("cache_bytes")[4] == 40 * 23_040 + 8 * 11_520)
  }

  @Test("decode: depth, steps and the bytes one step reads")
  func decode() throws {
    let table = try test.table("compress h2o budget=16 | measure decode depth=[0, 62] batch=2 steps=3 repeat=1")
    #expect(
      table.columnNames == [
        "config", "depth", "batch", "steps", "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high",
        "repeats",
        "threads", "cache_bytes", "read_bytes", "engine", "scratch_bytes", "moved_bytes", "moved_formula", "pages",
        "unused_slots", "rank_tok_s", "reduced_bytes",
      ])
    // What one step appends and reads is what the algorithm says, but for the new token's own row.
    #expect(table.strings("engine") == Array(repeating: "fused", count: 4))
    #expect(abs(table.ints("moved_bytes")[2] - table.ints("moved_formula")[1]) <= 2 * 2 * 23_040)
    #expect(table.strings("config") == ["fp16", "h2o budget=16", "fp16", "h2o budget=16"])
    #expect(table.ints("depth") == [0, 0, 62, 62] && table.ints("steps") == [3, 3, 3, 3])
    // One round has no interval.
    #expect(table.doubles("low").isEmpty && table.doubles("tok_s").count == 4)
    // Depth 62, two untimed steps, then 65, 66 and 67 tokens; the budget is what is left of a step's.
    #expect(table.ints("read_bytes")[2] == 2 * 66 * 23_040)
    #expect(table.ints("read_bytes")[3] == 2 * 16 * 23_040)
    #expect(table.ints("cache_bytes")[3] < table.ints("cache_bytes")[2] / 3)
    // Progress tells of every run, the one that is under way included.
    #expect(test.progress.taken().map(\.done) == [0, 1, 2, 3])
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

  @Test("an interrupted measurement returns the rows it has")
  func interrupted() throws {
    test.progress.onUpdate { [session = UncheckedSession(test.session)] state in
      if state.done == 3 { session.value.interrupt() }
    }
    let table = try test.table("compress kivi bits=2 | measure prefill tokens=8 repeat=4 warmup=0")
    test.progress.onUpdate(nil)
    #expect(table.ints("repeats") == [1, 2])
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
