import Foundation
import Lang
import Testing

@testable import kvsh

/// Rows are kept as they finish, under everything that they depend on and nothing else.
@Suite(.serialized)
struct StoredRowTests {
  static let line = "compress kivi residual=32 | run sharegpt n=3 max=12 batch=1"

  @Test("the same line again runs nothing and gives the same rows, times included, in this session and the next")
  func again() throws {
    let test = try CommandSession()
    let rows = try test.table(Self.line)
    #expect(test.progress.taken().last?.done == 6)
    #expect(try test.table(Self.line) == rows)
    #expect(test.progress.taken().isEmpty)
    let next = try CommandSession(test.folder)
    #expect(try next.table(Self.line) == rows)
    #expect(next.progress.taken().isEmpty)
    let history = try next.table("history")
    #expect(history.strings("line") == Array(repeating: Self.line, count: 3))
    #expect(history.ints("rows") == [6, 6, 6])
    #expect(history.ints("total") == [6, 6, 6])
  }

  @Test("more samples continue, other configurations join, and a default that is spelt out is the same")
  func more() throws {
    let test = try CommandSession()
    let few = try test.table("compress kivi | run sharegpt n=2 max=4")
    _ = test.progress.taken()
    let many = try test.table("compress kivi bits=2 | run sharegpt n=3 max=4")
    #expect(test.progress.taken().first?.done == 4)
    // Also the two that an earlier line stored as `kivi`.
    #expect(Array(many.strings("config").suffix(3)) == Array(repeating: "kivi bits=2", count: 3))
    #expect(many.rowCount == 6)
    #expect(many.rows(at: [0, 1]).results == few.rows(at: [0, 1]).results)
    #expect(many.strings("ttft_ms")[0] == few.strings("ttft_ms")[0])
    _ = try test.table("compress kivi bits=[2, 4] | run sharegpt n=3 max=4")
    #expect(test.progress.taken().first?.done == 6)
  }

  @Test("rows do not depend on the batch, and another batch finds them")
  func batch() throws {
    var all: [[[Value]]] = []
    for batch in [1, 3, 8] {
      let test = try CommandSession()
      let text = "compress [kivi(residual=32), h2o(budget=48)] | run sharegpt n=4 max_prompt=200 max=16 batch="
      all.append(try test.table(text + "\(batch)").results)
      _ = test.progress.taken()
      _ = try test.table(text + "2")
      #expect(test.progress.taken().isEmpty)
    }
    #expect(all[0].count == 12)
    #expect(all[0] == all[1])
    #expect(all[0] == all[2])
  }

  @Test("whatever changes a text makes rows of its own")
  func keys() throws {
    let test = try CommandSession()
    let other = test.folder.path + "/other.gguf"
    try RealModel.copyWithOtherWeights(to: other)
    let lines = [
      "run sharegpt n=1 max=3", "run sharegpt n=1 max=3 temperature=0.5", "run sharegpt n=1 max=3 temperature=0",
      "run sharegpt n=1 max=3 noise_seed=1", "run sharegpt n=1 max=3 seed=1", "run sharegpt n=1 max=4",
      "run sharegpt n=1 max=3 top_k=5", "run sharegpt n=1 max=3 top_p=0.5", "run sharegpt n=1 max=3 chat=off",
      "run sharegpt n=1 output=3", "compress kivi | run sharegpt n=1 max=3 baseline=off",
      "compress kivi bits=4 | run sharegpt n=1 max=3 baseline=off",
      "compress kivi residual=32 | run sharegpt n=1 max=3 baseline=off",
      "model precision=f32\nrun sharegpt n=1 max=3", "model \"\(other)\"\nrun sharegpt n=1 max=3",
    ]
    var rows: [Table] = []
    for line in lines {
      try test.run("model smollm2")
      rows.append(try test.table(line))
      #expect(!test.progress.taken().isEmpty, "\(line)")
    }
    for (line, before) in zip(lines, rows) {
      try test.run("model smollm2")
      #expect(try test.table(line) == before, "\(line)")
      #expect(test.progress.taken().isEmpty, "\(line)")
    }
  }

  @Test("a model that is replaced behind a link is another model")
  func replacedModel() throws {
    let folder = try TemporaryFolder()
    let models = folder.path + "/kvsh/models"
    try FileManager.default.createDirectory(atPath: models, withIntermediateDirectories: true)
    let (file, link) = (folder.path + "/a.gguf", models + "/\(RealModel.name).gguf")
    try FileManager.default.copyItem(atPath: try RealModel.path(), toPath: file)
    try FileManager.default.createSymbolicLink(atPath: link, withDestinationPath: file)
    let text = "run sharegpt n=1 max=2"
    let test = try CommandSession(folder)
    _ = try test.table(text)
    #expect(!test.progress.taken().isEmpty)
    let other = folder.path + "/b.gguf"
    try RealModel.copyWithOtherWeights(to: other)
    #expect(rename(other, file) == 0)
    let next = try CommandSession(folder)
    _ = try next.table(text)
    #expect(!next.progress.taken().isEmpty)
  }

  @Test("a run that fails has ended, with the rows that it finished")
  func failed() throws {
    let test = try CommandSession()
    let line = "compress p budget=8 | run sharegpt n=2 max=2"
    #expect(try test.problem("policy p { score = norm(K) }\n" + line).problem.code == "K711")
    let history = try test.table("history")
    #expect(history.strings("line") == [line] && history.strings("status") == ["failed"])
    #expect(history.ints("rows") == [2] && history.doubles("seconds").count == 1)
  }

  @Test("an interrupted run gives the finished rows, and the same line completes it as if nothing had happened")
  func interrupted() throws {
    let whole = try CommandSession().table(Self.line)
    let test = try CommandSession()
    nonisolated(unsafe) let session = test.session
    test.progress.onUpdate { state in
      guard state.done == 2 else { return }
      let isDone = DispatchSemaphore(value: 0)
      Thread.detachNewThread {
        session.interrupt()
        isDone.signal()
      }
      isDone.wait()
    }
    let part = try test.table(Self.line)
    #expect(test.session.wasInterrupted)
    #expect(part.rowCount == 2)
    #expect(part.results == whole.rows(at: [0, 1]).results)
    #expect(test.printed() == ["note: interrupted with 2 of 6 rows; the same line goes on from here"])
    #expect(try test.table("history").ints("rows") == [2])
    test.progress.onUpdate(nil)
    _ = test.progress.taken()
    let rest = try test.table(Self.line)
    #expect(!test.session.wasInterrupted)
    #expect(test.progress.taken().first?.done == 2)
    #expect(rest.results == whole.results)
    #expect(rest.rows(at: [0, 1]) == part)
    #expect(try test.table("history").ints("rows") == [2, 6])
  }

  @Test("what is finished when the user stops is drawn too, if there is something to compare")
  func interruptedPlot() throws {
    let test = try CommandSession()
    nonisolated(unsafe) let session = test.session
    test.progress.onUpdate { if $0.done == 5 { session.interrupt() } }
    guard case .object(let plot as PlotValue) = try test.run("\(Self.line) | plot lengthdiff") else {
      Issue.record("no plot")
      return
    }
    #expect(plot.data.rowCount == 2)
    #expect(test.session.wasInterrupted)
  }

  @Test("a loop does not go on to its next run after the user ended one")
  func interruptedLoop() throws {
    let test = try CommandSession()
    nonisolated(unsafe) let session = test.session
    test.progress.onUpdate { if $0.done == 1 { session.interrupt() } }
    #expect(throws: CancellationProblem.self) {
      try test.run("for b in [2, 4] { compress kivi bits=b | run sharegpt n=2 max=3 batch=1 }")
    }
    #expect(test.session.wasInterrupted)
    test.progress.onUpdate(nil)
    #expect(try test.table("history").ints("rows") == [1])
  }

  @Test("history holds the lines of the run, not the script around them, and has its columns when empty")
  func history() throws {
    let test = try CommandSession()
    #expect(try test.table("history | where rows < total").rowCount == 0)
    #expect(try test.table("history").columnNames == ["id", "started", "seconds", "status", "rows", "total", "line"])
    try test.run("let n = 1\nlet rows = compress kivi\n  | run sharegpt n=n max=1\nrows | lengths")
    #expect(try test.table("history").strings("line") == ["let rows = compress kivi\n  | run sharegpt n=n max=1"])
  }
}
