import Foundation
import Lang
import Testing

@testable import kvsh

/// `predict throughput` and `predict accuracy` from measurements as others publish them.
@Suite(.serialized)
struct PredictCommandTests {
  let test: CommandSession
  private static let from = "from=\"\(PublishedFolder.madeUp)\""
  private static let published = "from=\"\(PublishedFolder.path ?? "")\""

  init() throws { test = try CommandSession(hasModel: false) }

  @Test("a prediction has its interval, how far it reaches, and the predictor's error where it was tested")
  func throughput() throws {
    let rows = try test.table("predict throughput kivi bits=4 batch=[1, 8, 100] tokens=1Ki \(Self.from)")
    #expect(rows.strings("config") == Array(repeating: "kivi bits=4", count: 3))
    #expect(abs(rows.doubles("ms")[0] - 23.528) < 1e-3)
    #expect(rows.strings("range") == ["tested", "tested", "profiled"])
    for row in 0..<3 {
      #expect(rows.doubles("low_ms")[row] < rows.doubles("ms")[row])
      #expect(rows.doubles("ms")[row] < rows.doubles("high_ms")[row])
      guard case .share(let error) = rows.cell(row, "heldout_error") else {
        Issue.record("no error")
        continue
      }
      #expect(abs(error - 0.0621) < 1e-4)
    }
    #expect(rows.ints("heldout_n") == [29, 29, 29])
    #expect(test.printed().contains { $0.contains(PublishedFolder.madeUp) })
  }

  @Test("stages, batches, lengths and regressors are sweeps; configurations come through the pipe too")
  func sweeps() throws {
    let rows = try test.table(
      "compress [kivi, streamingllm] | predict throughput stage=[prefill, decode] tokens=[512, 1024] "
        + "regressor=[table, forest] trees=10 \(Self.from)")
    #expect(rows.rowCount == 2 * 2 * 2 * 2)
    #expect(Set(rows.strings("regressor")) == ["table", "forest"])
    let plain = try test.table("predict throughput stage=prefill \(Self.from)")
    #expect(plain.strings("config") == ["fp16"] && abs(plain.doubles("ms")[0] - 210.497) < 1e-3)
    let wide = try test.table("predict throughput stage=prefill level=50% \(Self.from)")
    #expect(wide.doubles("high_ms")[0] < plain.doubles("high_ms")[0])
  }

  @Test("beyond the profile the interval widens and says so; farther out the prediction is refused")
  func outside() throws {
    let rows = try test.table("predict throughput batch=8 tokens=[4Ki, 8000] \(Self.from)")
    #expect(rows.strings("range") == ["beyond", "beyond"])
    #expect(rows.doubles("high_ms")[1] / rows.doubles("low_ms")[1] > 2)
    let (problem, _) = try test.problem("predict throughput batch=8 tokens=16Ki \(Self.from)")
    #expect(problem.code == "K634" && problem.span?.text == "16Ki")
  }

  @Test(
    "table 6 is the sheet's, as shipped and with either slip put right, and so is a prediction",
    .enabled(if: PublishedFolder.path != nil, PublishedFolder.missing))
  func accuracy() throws {
    let rows = try test.table(
      "predict accuracy evaluator=[shipped, one_model, same_batch, corrected] \(Self.published)")
    let expected = [
      88.39, 88.38, 95.91, 95.89, 88.45, 88.44, 95.21, 95.20, 87.74, 87.81, 94.58, 94.64, 85.60, 85.37, 93.01, 92.79,
      86.56, 87.46, 92.77, 93.68,
    ]
    #expect(rows.rowCount == 20 && rows.ints("points").allSatisfy { $0 == 36 })
    for (found, sheet) in zip(rows.doubles("accuracy"), expected) { #expect(abs(found - sheet) <= 0.0051) }
    let others = try test.table(
      "predict accuracy evaluator=shipped regressor=[forest, poly] trees=20 \(Self.published)")
    #expect(others.rowCount == 10 && others.doubles("accuracy").allSatisfy { $0 > 84 && $0 < 90 })
    // The sheet: 32 (1.0564 + 0.577 x 0.0380) ms.
    let kivi = try test.table("predict throughput kivi bits=4 tokens=1Ki \(Self.published)")
    #expect(abs(kivi.doubles("ms")[0] - 34.5064) < 1e-4)
    let plain = try test.table("predict throughput stage=prefill \(Self.published)")
    #expect(abs(plain.doubles("ms")[0] - 205.8496) < 1e-4)
  }

  @Test(
    "what is wrong is said where it stands",
    arguments: [
      ("predict throughput kivi", "K637"), ("predict accuracy", "K637"), ("predict accuracy from=\"nowhere\"", "K631"),
      ("predict throughput snapkv FROM", "K633"), ("predict throughput kivi bits=2 FROM", "K633"),
      ("predict throughput level=0.99 FROM", "K638"), ("predict weather", "K013"),
      ("predict throughput batch=0 FROM", "K023"), ("predict accuracy evaluator=shipped", "K021"),
    ])
  func hostile(text: String, code: String) throws {
    #expect(try test.problem(text.replacing("FROM", with: Self.from)).problem.code == code)
  }

  @Test("a damaged file is K632 with its name")
  func damaged() throws {
    let folder = test.folder.path + "/data"
    try FileManager.default.copyItem(atPath: PublishedFolder.madeUp, toPath: folder)
    try "model,method\nx,y\n".write(toFile: folder + "/throughput/llama-7b-fp16.csv", atomically: true, encoding: .utf8)
    let (problem, _) = try test.problem("predict accuracy from=\"\(folder)\"")
    #expect(problem.code == "K632" && problem.seen.contains("llama-7b-fp16.csv"))
  }
}
