import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// `breakeven`: its table, its sentences and its refusals; what a time is, no test can say.
@Suite(.serialized)
struct BreakEvenTests {
  @Test("every length is measured for every batch, and few rounds tell nothing")
  func rows() throws {
    let test = try CommandSession()
    let table = try test.table("breakeven streamingllm budget=16 from=8 to=32 batch=[1, 2] steps=3 repeat=2")
    #expect(table.columnNames == BreakEvenCommand.columns)
    #expect(table.ints("tokens") == [8, 16, 32, 8, 16, 32] && table.ints("batch") == [1, 1, 1, 2, 2, 2])
    #expect(Set(table.strings("config")) == ["streamingllm budget=16"] && Set(table.strings("stage")) == ["decode"])
    #expect(Set(table.strings("verdict")) == ["not distinguishable"] && table.ints("pays_from").isEmpty)
    #expect(table.doubles("tok_s").count == 6 && table.doubles("fp16_tok_s").allSatisfy { $0 > 0 })
    let printed = test.printed()
    #expect(printed.count == 3 && printed[0].hasPrefix("streamingllm budget=16, batch 1, decode, "))
    #expect(printed[0].contains("undecided, 8 to 32 tokens: fewer than five rounds"))
    #expect(printed[2] == "streamingllm budget=16: pays from no batch on, of those measured: 1, 2")
  }

  @Test("configurations of the pipe are searched one after the other, prefills too")
  func piped() throws {
    let test = try CommandSession()
    let table = try test.table(
      "compress [kivi(bits=2), h2o(budget=8)] | breakeven from=8 to=8 stage=prefill repeat=1 seconds=1")
    #expect(table.strings("config") == ["kivi bits=2", "h2o budget=8"] && table.strings("stage")[0] == "prefill")
    #expect(table.ints("tokens") == [8, 8])
  }

  @Test("an interrupted search returns the lengths it has")
  func interrupted() throws {
    let test = try CommandSession()
    test.progress.onUpdate { [session = Unchecked(test.session)] state in
      if state.label == "breakeven 32" { session.value.interrupt() }
    }
    let table = try test.table("breakeven kivi bits=2 from=16 to=64 steps=2 repeat=1")
    test.progress.onUpdate(nil)
    #expect(table.ints("tokens") == [16])
    #expect(test.printed().joined().contains("interrupted"))
  }

  @Test(
    "a batch that does not fit into memory leaves the rows of those before it; alone it is one problem",
    .enabled(if: ProcessInfo.processInfo.physicalMemory < 40 << 30, "47 GB fit into this machine"))
  func tooLarge() throws {
    let test = try CommandSession()
    let line = "breakeven streamingllm budget=16 from=2000 to=2000 steps=1 repeat=1"
    let table = try test.table("\(line) batch=[1, 1024]")
    #expect(table.ints("batch") == [1])
    let printed = test.printed()
    #expect(printed.count == 2)
    #expect(printed.last?.hasSuffix("nothing was measured; the least length does not fit into memory") == true)
    #expect(try test.problem("\(line) batch=1024").0.code == "K607")
  }

  @Test(
    "what cannot be searched is one problem at the argument that is to blame",
    arguments: [
      ("breakeven kivi bits=2 to=9000", "K670", "9000"), ("breakeven kivi bits=2 from=8190", "K670", "8190"),
      ("breakeven kivi bits=2 from=64 to=32", "K670", "64"), ("breakeven", "K020", "breakeven"),
      ("breakeven kiwi", "K013", "kiwi"), ("breakeven kivi bits=2 stage=both", "K024", "both"),
      ("breakeven kivi precision=200%", "K023", "200%"),
    ])
  func refused(line: String, code: String, place: String) throws {
    let (problem, _) = try CommandSession().problem(line)
    #expect(problem.code == code, "\(problem)")
    #expect(problem.span?.text.contains(place) == true, "\(problem)")
  }

  /// A measured length in a few characters: `+` faster, `-` slower, `=` not distinguishable, `?` too few rounds.
  private static func outcome(_ marks: String, batch: Int = 1, end: BreakEvenOutcome.End = .measured)
    -> BreakEvenOutcome
  {
    var verdicts: [Int: SpeedVerdict] = [:]
    let points = marks.enumerated().map { index, mark -> BreakEvenOutcome.Point in
      let tokens = 256 << index
      let verdict: SpeedVerdict = mark == "+" ? .faster : mark == "-" ? .slower : .notDistinguishable
      verdicts[tokens] = verdict
      let value = mark == "+" ? 1.25 : mark == "-" ? 0.8 : 1.0
      return BreakEvenOutcome.Point(
        tokens: tokens, baselineRate: 100, rate: 100 * value,
        speedup: IntervalEstimate(value: value, low: value * 0.9, high: value * 1.1, level: 0.95), noise: 0.02,
        verdict: verdict, rounds: mark == "?" ? 3 : 8)
    }
    return BreakEvenOutcome(
      label: "kivi", stage: "decode", batch: batch, threads: 2, points: points, result: BreakEven(verdicts), end: end)
  }

  @Test(
    "the sentence says from where on, or never, and what it does not know",
    arguments: [
      ("=-++", "kivi, batch 1, decode, 2 threads: pays from 1,024 tokens on, measured up to 2,048 (1.25 times as fast"),
      ("=-++", "at 512 slower)"), ("++", "pays at every measured length, 256 to 512 tokens (1.25 times as fast"),
      (
        "-==",
        "never pays in the measured range, 256 to 1,024 tokens: slower at 1, not distinguishable at 2 of 3 lengths"
      ),
      ("=+-", "does not pay from any length on in the measured range, 256 to 1,024 tokens: faster only at 512"),
      ("?", "undecided, at 256 tokens: fewer than five rounds"),
      ("?-", "is not seen to pay in the measured range, 256 to 512 tokens: slower at 1 of 1 lengths"),
      ("?-", "1 of 2 lengths had fewer than five rounds and tell nothing"), ("", "nothing was measured"),
    ])
  func sentence(marks: String, words: String) {
    let sentence = Self.outcome(marks).sentence
    #expect(sentence.contains(words), "\(sentence)")
  }

  @Test("a range that memory or Ctrl-C ended is said to be")
  func ended() {
    #expect(Self.outcome("-=", end: .memory).sentence.hasSuffix("memory ended the range there"))
    #expect(Self.outcome("", end: .memory).sentence.hasSuffix("the least length does not fit into memory"))
    #expect(Self.outcome("=+", end: .interrupted).sentence.hasSuffix("interrupted there"))
  }

  @Test("the batch from which on it pays is the least of those from which on all do")
  func batches() {
    func outcome(_ batch: Int, _ marks: String) -> BreakEvenOutcome { Self.outcome(marks, batch: batch) }
    #expect(BreakEvenOutcome.batches([outcome(1, "++")]) == nil)
    #expect(
      BreakEvenOutcome.batches([outcome(4, "=+"), outcome(1, "=="), outcome(8, "++")])
        == "kivi: pays from batch 4 on, there from 512 tokens; batches measured: 1, 4, 8")
    #expect(
      BreakEvenOutcome.batches([outcome(1, "++"), outcome(2, "--")])
        == "kivi: pays from no batch on, of those measured: 1, 2")
    #expect(
      BreakEvenOutcome.batches([outcome(1, "=-"), outcome(2, "++"), outcome(8, "")])
        == "kivi: pays from batch 2 on, there from 256 tokens; batches measured: 1, 2")
  }
}

/// Safe to send: the test's one thread makes both the call and, through the progress, the interruption.
private struct Unchecked: @unchecked Sendable {
  let value: Session
  init(_ value: Session) { self.value = value }
}
