import Foundation
import Lang
import Testing

@testable import kvsh

/// `run passkey`, `measure quality|overview`, `explain time`: columns, exactness, pairs; what a time is, no test can say.
@Suite(.serialized)
struct QualityCommandTests {
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  let test: CommandSession

  init() throws { test = try CommandSession(try Self.folder.get()) }

  private static let line = "compress streamingllm sink=4 recent=60 | run passkey n=3 tokens=200 depth=0.5"

  @Test("passkey is scored: the model finds the key, a cache that has dropped it does not; sharegpt has no score")
  func scores() throws {
    let rows = try test.table(Self.line)
    #expect(rows.rowCount == 6)
    let scores = rows.doubles("score")
    #expect(scores.prefix(3).reduce(0, +) >= 2 && scores.suffix(3).reduce(0, +) == 0)
    #expect(rows.doubles("depth") == Array(repeating: 0.5, count: 6))
    #expect(rows.ints("prompt_tokens").allSatisfy { $0 <= 201 && $0 > 150 })
    #expect(rows.ints("output_tokens").allSatisfy { $0 <= 16 })
    let chat = try test.table("run sharegpt n=1 max=2")
    #expect(chat.cell(0, "score") == .nil && chat.cell(0, "depth") == .nil)
  }

  @Test("a data set's temperature and template hold unless the line says otherwise")
  func defaults() throws {
    #expect(try test.run("peek passkey 0 tokens=120").display.contains("chat: false"))
    #expect(try test.run("peek passkey 0 tokens=120 chat=on").display.contains("chat: true"))
    let greedy = try test.table("run passkey n=2 tokens=150").strings("text")
    #expect(try test.table("run passkey n=2 tokens=150 temperature=0 noise_seed=5").strings("text") == greedy)
    #expect(try test.table("run passkey n=2 tokens=150 temperature=9 noise_seed=5").strings("text") != greedy)
  }

  @Test("quality: the baseline is exactly itself, a small window is not, and a covering budget changes nothing")
  func quality() throws {
    let table = try test.table(
      "compress streamingllm budget=32 | measure quality depth=[24,96] steps=4 windows=2 follow=4")
    #expect(table.strings("config") == ["fp16", "streamingllm budget=32", "fp16", "streamingllm budget=32"])
    #expect(table.ints("depth") == [24, 24, 96, 96])
    let kl = table.doubles("kl")
    #expect(kl[0] == 0 && kl[1] == 0 && kl[2] == 0 && kl[3] > 0)
    for row in 0..<3 {
      #expect(table.cell(row, "agreement") == .share(1) && table.cell(row, "same") == .share(1))
      #expect(table.doubles("ratio")[row] == 1 && table.doubles("parts_at")[row] == 4)
    }
    #expect(table.ints("scored") == [8, 8, 8, 8] && table.ints("windows") == [2, 2, 2, 2])
    #expect(table.cell(3, "kept") == .share(32.0 / 99))
    #expect(table.ints("held_bytes")[3] < table.ints("held_bytes")[2] / 2)
    for (low, high) in zip(table.doubles("kl_low"), table.doubles("kl_high")) { #expect(low <= high) }
  }

  @Test("quality reads the text it is given, and says what is wrong with it")
  func ownText() throws {
    let path = try test.folder.file("own.txt", String(repeating: "The sea is wide and the boat is small. ", count: 20))
    let table = try test.table("measure quality depth=32 steps=2 windows=1 follow=0 text=\"\(path)\"")
    #expect(table.rowCount == 1 && table.cell(0, "parts_at") == .nil && table.cell(0, "same") == .nil)
    let short = try test.folder.file("short.txt", "Too short.")
    let (problem, _) = try test.problem("measure quality depth=32 text=\"\(short)\"")
    #expect(problem.code == "K608" && problem.span?.text == "\"\(short)\"")
    #expect(try test.problem("measure quality depth=32 text=\"nowhere.txt\"").problem.code == "K504")
    #expect(try test.problem("measure quality depth=1000000").problem.code == "K608")
  }

  @Test("overview: a row a configuration with everything in it; a method that cannot run keeps its row and says why")
  func overview() throws {
    let table = try test.table(
      "compress [streamingllm(budget=32), kivi(bits=2)] | measure overview tokens=64 windows=1 n=1 repeat=1")
    #expect(table.strings("config") == ["fp16", "streamingllm budget=32", "kivi bits=2"])
    for row in 0..<3 {
      for name in ["kept", "held_bytes", "read_bytes", "kl", "agreement", "passkey", "prefill", "decode", "storage"] {
        #expect(table.cell(row, name) != .nil, "\(name) of row \(row)")
      }
      #expect(table.cell(row, "note") == .nil)
    }
    #expect(table.doubles("kl")[0] == 0 && table.doubles("prefill")[0] == 1 && table.doubles("decode")[0] == 1)
  }

  @Test("explain: the parts of each configuration sum up to its time, in milliseconds and in shares")
  func explain() throws {
    let table = try test.table("\(Self.line) | explain time")
    #expect(table.columnNames == ExplainCommand.columns)
    #expect(table.strings("config") == ["fp16", "streamingllm sink=4 recent=60"] && table.ints("n") == [3, 3])
    let parts = ["model", "attention", "score", "select", "pack", "other"]
    for row in 0..<2 {
      let shares = parts.compactMap { part -> Double? in
        if case .share(let share) = table.cell(row, part) { share } else { nil }
      }
      #expect(shares.count == 6 && shares.allSatisfy { $0 >= 0 } && abs(shares.reduce(0, +) - 1) < 1e-9)
      let total = parts.reduce(0) { $0 + table.doubles($1 + "_ms")[row] }
      #expect(abs(total - table.doubles("e2e_ms")[row]) < 1e-6 * total)
    }
    #expect(table.cell(0, "select") == .share(0) && table.cell(0, "pack") == .share(0))
    #expect(table.doubles("over_fp16")[0] == 1)
    // Stored rows have their split as well: nothing runs again.
    _ = test.progress.taken()
    #expect(try test.table("\(Self.line) | explain time") == table)
  }

  @Test("explain refuses what is no run, and a run of which no time was split")
  func explainProblems() throws {
    #expect(try test.problem("[{config: \"a\"}] | table | explain time").problem.code == "K605")
    let rows =
      "[{config: \"fp16\", e2e_ms: 5.0, model_ms: nil, attention_ms: nil, score_ms: nil, select_ms: nil, pack_ms: nil}]"
    let (problem, _) = try test.problem("\(rows) | table | explain time")
    #expect(problem.code == "K605" && problem.seen.contains("no row"))
  }
}
