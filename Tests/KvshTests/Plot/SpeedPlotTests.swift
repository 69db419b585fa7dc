import Foundation
import Lang
import Testing

@testable import kvsh

/// `plot throughput|speedup|attention` over tables as `measure` yields them.
@Suite struct SpeedPlotTests {
  let test: CommandSession

  init() throws { test = try CommandSession(hasModel: false) }

  /// Two configurations at two depths and two batches.
  private static let rows = """
    let rows = table [
      {config: "fp16", depth: 256, batch: 1, threads: 2, tok_s: 100.0, low: 95.0, high: 105.0, speedup: 1.0, noise: 2%, attention_ms: 1.0, compression_ms: 0.0},
      {config: "kivi", depth: 256, batch: 1, threads: 2, tok_s: 90.0, low: 85.0, high: 95.0, speedup: 0.9, speedup_low: 0.85, speedup_high: 0.95, noise: 2%, attention_ms: 1.5, compression_ms: 0.5},
      {config: "fp16", depth: 1024, batch: 1, threads: 2, tok_s: 60.0, speedup: 1.0, noise: 4%, attention_ms: 4.0, compression_ms: 0.0},
      {config: "kivi", depth: 1024, batch: 1, threads: 2, tok_s: 75.0, speedup: 1.25, speedup_low: 1.2, speedup_high: 1.3, noise: 4%, attention_ms: 2.0, compression_ms: 0.25},
      {config: "fp16", depth: 256, batch: 8, threads: 2, tok_s: 300.0, speedup: 1.0, attention_ms: 8.0, compression_ms: 0.0},
      {config: "kivi", depth: 256, batch: 8, threads: 2, tok_s: 330.0, speedup: 1.1, attention_ms: 6.0, compression_ms: 0.25},
    ]

    """

  private func chart(_ line: String) throws -> Chart {
    guard case .object(let object) = try test.run(Self.rows + line), let plot = object as? PlotValue else {
      throw Problem("K000", seen: "no plot")
    }
    // Every renderer draws it.
    #expect(plot.display.contains(plot.chart.title) && plot.data.rowCount > 0)
    return plot.chart
  }

  private func points(_ chart: Chart, panel: Int, series: Int) -> [Chart.Point] {
    chart.panels[panel].layers.compactMap { layer in
      if layer.series == series, case .points(let points) = layer.mark { points } else { nil }
    }.flatMap { $0 }
  }

  @Test("throughput: a line a configuration over lengths, a panel a batch, intervals where they are known")
  func throughput() throws {
    let chart = try chart("rows | plot throughput")
    #expect(chart.title == "Throughput, decode" && chart.series.map(\.label) == ["fp16", "kivi"])
    #expect(chart.x.categories == ["256", "1,024"] && chart.panels.map(\.title) == ["batch 1", "batch 8"])
    #expect(points(chart, panel: 0, series: 1) == [.init(x: 0, y: 90), .init(x: 1, y: 75)])
    #expect(points(chart, panel: 1, series: 0) == [.init(x: 0, y: 300)])
    #expect(
      chart.panels[0].layers.contains { $0.mark == .intervals([.init(x: 0, low: 95, high: 105)]) && $0.series == 0 })
    #expect(chart.footnotes.contains { $0.contains("2 threads") } && chart.footnotes.contains { $0.contains("4 %") })
  }

  @Test("throughput: the batch may stand on the x axis, then the lengths are panels")
  func byBatch() throws {
    let chart = try chart("rows | plot throughput x=batch")
    #expect(chart.x.categories == ["1", "8"] && chart.panels.map(\.title) == ["length 256", "length 1,024"])
    #expect(points(chart, panel: 0, series: 1) == [.init(x: 0, y: 90), .init(x: 1, y: 330)])
  }

  @Test("speedup: without the uncompressed cache, a rule at 1 and the band of noise around it")
  func speedup() throws {
    let chart = try chart("rows | plot speedup")
    #expect(chart.series.map(\.label) == ["kivi"])
    #expect(points(chart, panel: 0, series: 0) == [.init(x: 0, y: 0.9), .init(x: 1, y: 1.25)])
    let marks = chart.panels[0].layers.filter { $0.series == nil }.map(\.mark)
    #expect(marks.contains(.horizontalRule(y: 1, label: "uncompressed")))
    #expect(marks.contains(.area([.init(x: 0, low: 1 / 1.02, high: 1.02), .init(x: 1, low: 1 / 1.04, high: 1.04)])))
    // No noise was measured for the other panel.
    #expect(chart.panels[1].layers.filter { $0.series == nil }.count == 1)
  }

  @Test(
    "attention: with what compression adds, or alone", arguments: [("", [2.0, 2.25]), (" part=attention", [1.5, 2])])
  func attention(argument: String, expected: [Double]) throws {
    let chart = try chart("rows | plot attention\(argument)")
    #expect(points(chart, panel: 0, series: 1).map(\.y) == expected)
  }

  @Test("one point alone is drawn too, and is saved as SVG, HTML and Vega-Lite")
  func single() throws {
    let chart = try chart("rows | head 2 | plot speedup")
    #expect(chart.x.categories == ["256"] && points(chart, panel: 0, series: 0) == [.init(x: 0, y: 0.9)])
    for ending in ["svg", "html", "vl.json", "txt"] {
      let path = test.folder.path + "/plot." + ending
      try test.run(Self.rows + "rows | plot throughput | save \"\(path)\"")
      #expect(try String(contentsOfFile: path, encoding: .utf8).contains("kivi"))
    }
  }

  @Test(
    "a table that is none of speeds is one problem",
    arguments: [
      "table [{a: 1}] | plot throughput", "table [{config: \"a\", tok_s: 1.0}] | plot throughput",
      "table [{config: \"a\", depth: 1, tok_s: nil}] | plot throughput",
      "table [{config: \"fp16\", depth: 1, speedup: 1.0}] | plot speedup",
      "table [{config: \"a\", depth: 1, batch: 2, tok_s: 1.0}] | plot throughput x=threads",
      "table [{config: \"a\", depth: 1, tok_s: 1.0}] | plot attention",
    ])
  func refused(line: String) throws {
    let (problem, isChecked) = try test.problem(line)
    #expect(problem.code == "K671" && !isChecked, "\(problem)")
  }
}
