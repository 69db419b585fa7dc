import Foundation
import GRDB
import Lang
import Runtime
import Testing

@testable import kvsh

/// `train length` and `predict length`.
@Suite(.serialized)
struct TrainCommandTests {
  /// One store for all: the rows are computed once.
  nonisolated(unsafe) private static let folder = Result { try TemporaryFolder() }
  let test: CommandSession

  init() throws { test = try CommandSession(try Self.folder.get()) }

  private static let run = "compress streamingllm budget=32 | run sharegpt n=60 max=6 batch=16"

  @Test("a run becomes a predictor that is kept, judged beside its baselines, and used")
  func run() throws {
    try test.run(Self.run)
    let report = try test.table("train length from=run:last features=hash salts=2")
    let printed = test.printed()
    #expect(printed.contains { $0.contains("kept as length predictor") })
    #expect(printed.contains { $0.hasPrefix("fp16: accuracy") && $0.contains("at the limit") })
    for model in ["ridge", "constant", "mean", "prompt length"] {
      #expect(report.strings("model").count { $0 == model } == 2, "\(model)")
    }
    #expect(report.strings("model").count { $0 == "oracle_fp16" } == 1)
    let predicted = try test.table("predict length [\"What is a cache?\", \"Count to ten.\"]")
    #expect(predicted.rowCount == 4)
    #expect(predicted.strings("config") == ["fp16", "streamingllm budget=32", "fp16", "streamingllm budget=32"])
    for (low, (length, high)) in zip(
      predicted.doubles("low"), zip(predicted.doubles("length"), predicted.doubles("high")))
    { #expect(low <= length && length <= high) }
    // What is shown is the error on requests that were held out.
    let ridge = (0..<report.rowCount).filter { report.cell($0, "model").text == "ridge" }
    #expect(predicted.doubles("accuracy").prefix(2) == ridge.compactMap { report.cell($0, "accuracy").asDouble }[...])
  }

  @Test("the same run gives the same predictor, and each has a number of its own")
  func versions() throws {
    try test.run(Self.run)
    let first = try test.table("train length from=run:last features=hash salts=1")
    let second = try test.table("train length from=run:last features=hash salts=1")
    #expect(first.cells("accuracy") == second.cells("accuracy"))
    let ids = test.printed().compactMap { $0.firstMatch(of: /predictor (\d+)/).flatMap { Int($0.1) } }
    #expect(ids.count == 2 && ids[0] < ids[1])
    let old = try test.table("predict length \"What is a cache?\" model=\(ids[0])")
    #expect(old.ints("model") == [ids[0], ids[0]])
  }

  @Test("what cannot be trained on, and predictors that are not there, are told with the fix")
  func problems() throws {
    let own = try CommandSession()
    #expect(try own.problem("predict length \"a\"").problem.code == "K657")
    #expect(try own.problem("predict length").problem.code == "K020")
    #expect(try own.problem("train length").problem.code == "K020")
    #expect(try own.problem("train length from=run:last").problem.code == "K013")
    #expect(try own.problem("train length from=12").problem.code == "K013")
    try own.run("run sharegpt n=8 max=2")
    #expect(try own.problem("train length from=run:last features=hash").problem.code == "K654")
    #expect(try own.problem("train length from=run:last features=hash test=0.25").problem.code == "K023")
    #expect(try own.problem("train length from=run:last features=hash level=0.999").problem.code == "K023")
    #expect(try own.problem("run sharegpt n=8 max=2 | train length").problem.code == "K605")
  }

  @Test("rows whose prompts the store does not have, and a predictor that was edited, are told as such")
  func damaged() throws {
    try test.run(Self.run)
    try test.run("train length from=run:last features=hash salts=1")
    let database = try DatabaseQueue(path: test.home + "/store.sqlite")
    try database.write { try $0.execute(sql: "UPDATE lengthPredictors SET content = replace(content, 'weights', 'w')") }
    #expect(try test.problem("predict length \"a\"").problem.code == "K656")
    try database.write { try $0.execute(sql: "UPDATE lengthPredictors SET version = 99") }
    #expect(try test.problem("predict length \"a\"").problem.seen.contains("version 99"))
    try database.write { try $0.execute(sql: "DELETE FROM prompts") }
    #expect(try test.problem("train length from=run:last features=hash").problem.code == "K658")
    // The same line returns at once, and its prompts are there again.
    try test.run(Self.run)
    try test.run("train length from=run:last features=hash salts=1")
  }

  @Test("a predictor of an encoder is refused where the encoder is another")
  func otherEncoder() throws {
    let own = try CommandSession()
    let fixtures = CommandExampleTests.package + "/Tests/RuntimeTests/Fixtures/encoder/tiny"
    try FileManager.default.createDirectory(atPath: own.home + "/encoders", withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(atPath: own.home + "/encoders/one", withDestinationPath: fixtures)
    try own.run("run sharegpt n=60 max=4 batch=16")
    try own.run("train length from=run:last salts=1")
    #expect(try own.table("predict length \"a\"").rowCount == 1)
    try FileManager.default.moveItem(atPath: own.home + "/encoders/one", toPath: own.home + "/encoders/two")
    let other = try CommandSession(own.folder)
    #expect(try other.problem("predict length \"a\"").problem.code == "K659")
  }

  @Test("a request is on the same side whatever configurations a run has")
  func sides() throws {
    let names = (0..<400).map { "sample-\($0)" }
    let split = try LengthSplit(names, salt: 0) { FileDigest.sha256($0) }
    for place in split.test {
      let number = UInt32(FileDigest.sha256(names[place]).prefix(8), radix: 16) ?? 0
      #expect(number % 10 >= 8)
    }
    for place in split.train {
      let number = UInt32(FileDigest.sha256(names[place]).prefix(8), radix: 16) ?? 0
      #expect(number % 10 < 8)
    }
  }
}
