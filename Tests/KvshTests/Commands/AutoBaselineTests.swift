import Foundation
import Testing

@testable import kvsh

/// `train auto` and `compress auto` against another baseline, and beside rows that are none to choose.
extension AutoCommandTests {
  @Test("another baseline is what losses are counted against, and the uncompressed cache beside it is never chosen")
  func otherScores() throws {
    let own = try CommandSession(hasModel: false)
    let scores = "load scores \"\(Self.examples)/choice\""
    let report = try own.table("\(scores) | train auto goal=score baseline=\"packed\"")
    #expect(report.strings("config").prefix(3) == ["packed", "dropped", "fp16"])
    #expect(report.strings("chosen").prefix(3) == ["packed 80", "dropped 80", "fp16 80"])
    #expect(report.strings("chosen").dropFirst(3) == ["dropped 80", "dropped 80", "dropped 80"])
    #expect(own.printed().contains { $0.hasSuffix("rule=1, with packed among them") })
    let alone = "\(scores) | where config != \"dropped\" | train auto goal=score baseline=\"packed\""
    let problem = try own.problem(alone).problem
    #expect(problem.code == "K660" && problem.seen.hasSuffix("beside the baseline packed"))
  }

  @Test("rows of a choice and of controls are no configurations to choose")
  func leftOut() throws {
    let own = try CommandSession(hasModel: false)
    let folder = try TemporaryFolder()
    for (name, source) in [
      ("fp16", "fp16"), ("dropped", "dropped"), ("packed", "packed"), ("auto", "fp16"), ("reseed", "fp16"),
    ] {
      try FileManager.default.copyItem(
        atPath: "\(Self.examples)/choice/\(source).jsonl", toPath: "\(folder.path)/\(name).jsonl")
    }
    let report = try own.table("load scores \"\(folder.path)\" | train auto goal=score")
    #expect(Set(report.strings("config").prefix(3)) == ["fp16", "dropped", "packed"])
    #expect(report.strings("choice").prefix(4) == ["fixed", "fixed", "fixed", "best fixed"])
    #expect(!report.strings("chosen").contains { $0.contains("auto") || $0.contains("reseed") })
    #expect(own.printed().contains("note: rows of auto, reseed are left out: no configuration to choose"))
  }

  @Test("a rule learnt against another baseline leaves requests at that one, and has to be given it")
  func otherBaseline() throws {
    let run = "run \(Self.data) n=6 max=3 batch=16 baseline=off"
    try test.run("train task from=\"\(Self.examples)/tasks.json\"")
    try test.run("compress \(Self.two) | \(run)")
    // A predictor that knows nothing of the uncompressed cache, which nobody asks it for.
    try test.run("train length from=run:last features=hash salts=1")
    try test.run("\(Self.run) | train auto tolerance=0 baseline=\"kivi bits=2\"")
    let missing = try test.problem("compress auto among=[streamingllm(budget=32)] | \(run)").problem
    #expect(missing.code == "K664" && missing.seen.contains("against kivi bits=2, which is not among"))
    #expect(try test.problem("compress auto among=[kivi(bits=2)] | \(run)").problem.code == "K302")
    let chosen = try test.table("compress auto among=\(Self.two) | \(run)")
    #expect(chosen.rowCount == 60)
    #expect(Set(chosen.strings("choice")).isSubset(of: ["kivi bits=2", "streamingllm budget=32"]))
  }
}
