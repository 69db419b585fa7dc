import Foundation
import Lang
import Testing

@testable import kvsh

/// `engine=`, `append=`, `tile=`, `page=` and `tp=` of the commands.
@Suite(.serialized)
struct EngineCommandTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  @Test("measure decode: a row for every engine, with what it moved beside what its algorithm should move")
  func decode() throws {
    let table = try test.table(
      "measure decode depth=62 steps=3 repeat=1 noise=off engine=[\"fused\", \"eager\", \"flash\", \"paged\"]")
    #expect(table.strings("engine") == ["fused", "eager", "flash", "paged"])
    #expect(table.doubles("speedup") == [1, 1, 1, 1])
    // 3 query heads share a KV head: eager moves 9 caches a step, the others read one.
    let cache = 66 * 23_040
    #expect(table.ints("moved_formula") == [cache, 9 * cache, cache, cache])
    let block = 16 * 23_040
    for (moved, foretold) in zip(table.ints("moved_bytes"), table.ints("moved_formula")) {
      #expect(abs(moved - foretold) <= 2 * block, "\(moved) against \(foretold)")
    }
    // 67 tokens are 5 pages of 16 in each of 30 layers, with 13 slots unused for each of 3 heads.
    #expect(table.ints("pages") == [150])
    #expect(table.ints("unused_slots") == [13 * 30 * 3])
  }

  @Test("append=copy moves three caches a step on flash")
  func copy() throws {
    let table = try test.table("measure decode depth=62 steps=1 repeat=1 noise=off engine=flash append=copy")
    #expect(table.strings("engine") == ["flash append=copy"])
    #expect(table.ints("moved_formula") == [3 * 65 * 23_040])
    #expect(abs(table.ints("moved_bytes")[0] - 3 * 65 * 23_040) <= 2 * 16 * 23_040)
  }

  @Test("a prompt's scores are all written on eager alone")
  func prefill() throws {
    let table = try test.table("measure prefill tokens=160 repeat=1 warmup=0 noise=off engine=[\"eager\", \"flash\"]")
    let scratch = table.ints("scratch_bytes")
    #expect(scratch[0] >= 4 * 9 * 160 * 160)
    #expect(scratch[1] < scratch[0] / 2)
  }

  @Test("three ranks tell their work and what they exchanged: two updates a layer")
  func ranks() throws {
    let table = try test.table("measure decode depth=16 steps=2 repeat=1 noise=off tp=[1, 3]")
    #expect(table.strings("engine") == ["fused", "fused tp=3"])
    #expect(table.ints("reduced_bytes") == [2 * 30 * 576 * 4])
    #expect(table.doubles("rank_tok_s").count == 1 && table.doubles("rank_tok_s")[0] > 0)
    // A third of the heads each.
    #expect(table.ints("moved_formula")[1] * 3 == table.ints("moved_formula")[0])
    #expect(table.ints("cache_bytes")[0] == table.ints("cache_bytes")[1])
  }

  @Test("an engine that cannot serve the line refuses it before a model runs, at the argument that asked for it")
  func refusals() throws {
    let cases: [(line: String, code: String, place: String?)] = [
      ("compress kivi | run sharegpt n=1 max=2 engine=paged", "K680", "paged"),
      ("compress quest | generate \"x\" max=2 engine=eager", "K680", "eager"),
      ("compress kivi | measure decode engine=flash append=copy", "K680", "flash"),
      ("compress adakv | measure decode tp=3", "K680", "3"),
      ("measure decode engine=fused append=copy", "K681", "fused"),
      ("measure prefill engine=[\"fused\", \"paged\"] tile=32", "K681", nil),
      ("run sharegpt n=1 max=2 page=32", "K681", "run sharegpt n=1 max=2 page=32"),
      ("measure decode tp=2", "K682", "2"),
    ]
    for (line, code, place) in cases {
      let (problem, _) = try test.problem(line)
      #expect(problem.code == code, "\(line): \(problem)")
      if let place { #expect(problem.labels.first?.span.text == place, "\(line)") }
    }
    #expect(test.progress.taken().isEmpty)
  }

  @Test("engines that round alike give the same answer, and a row is stored for each engine")
  func answers() throws {
    func rows(_ engine: String) throws -> Table {
      try test.table("run sharegpt n=2 max=6 temperature=0 engine=\(engine)")
    }
    let first = try rows("fused")
    #expect(!test.progress.taken().isEmpty)
    for engine in ["flash", "paged"] {
      #expect(try rows(engine).strings("text") == first.strings("text"))
      #expect(!test.progress.taken().isEmpty, "another engine's rows are not this one's")
    }
    _ = try rows("paged")
    #expect(test.progress.taken().allSatisfy { $0.done == $0.total }, "stored rows are not run again")
    #expect(try test.run("generate \"What is a cache?\" max=8 engine=flash").text.isEmpty == false)
  }
}
