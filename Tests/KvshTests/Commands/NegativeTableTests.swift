import Foundation
import Testing

@testable import kvsh

/// The form of `negatives per=table`.
struct NegativeTableTests {
  @Test("a configuration that is called like a column of the table has a name of its own there")
  func names() throws {
    let own = try CommandSession(hasModel: false)
    let folder = try TemporaryFolder()
    for (name, source) in [
      ("fp16", "fp16"), ("baseline", "dropped"), ("type (config)", "packed"), ("type", "dropped"),
    ] {
      try FileManager.default.copyItem(
        atPath: "\(AutoCommandTests.examples)/choice/\(source).jsonl", toPath: "\(folder.path)/\(name).jsonl")
    }
    let table = try own.table("load scores \"\(folder.path)\" | negatives per=table on=all")
    #expect(table.columnNames.prefix(5) == ["set", "type", "tasks", "samples", "baseline"])
    #expect(
      Set(table.columnNames.dropFirst(5)) == ["baseline (config)", "type (config)", "type (config) (config)"])
    let plain = try own.table("load scores \"\(AutoCommandTests.examples)/choice\" | negatives per=table on=all")
    for (column, reference) in [
      ("type", "type"), ("samples", "samples"), ("baseline", "baseline"), ("baseline (config)", "dropped"),
      ("type (config)", "packed"), ("type (config) (config)", "dropped"),
    ] { #expect(table.cells(column) == plain.cells(reference), "\(column)") }
    let long = try own.table("load scores \"\(folder.path)\" | negatives per=score on=all")
    #expect(long.strings("config").count { $0 == "baseline" } == 5)
    #expect(long.strings("config").contains("baseline (config)"))
  }
  @Test(
    "a plot of negatives says which samples can be one",
    arguments: [
      ("", "(baseline at least the task's mean)"), ("benign=median", "(baseline at least the task's median)"),
      ("benign=all", "A sample, whatever its baseline score, is negative"), ("floor=0.5", "at least 0.5"),
    ])
  func plotNotes(option: String, words: String) throws {
    let own = try CommandSession(hasModel: false)
    let value = try own.run("load scores \"\(AutoCommandTests.examples)/scores\" | plot negatives \(option)")
    guard case .object(let object) = value, let plot = object as? PlotValue else {
      Issue.record("no plot")
      return
    }
    #expect(plot.chart.footnotes.first?.contains(words) == true, "\(plot.chart.footnotes)")
  }

  @Test("bars by task are of one threshold")
  func plotThetas() throws {
    let own = try CommandSession(hasModel: false)
    let line = "load scores \"\(AutoCommandTests.examples)/scores\" | plot negatives by=task theta="
    #expect(try own.problem(line + "[10%, 50%]").problem.code == "K023")
    #expect(try own.run(line + "50%").type.name == "plot")
  }
}
