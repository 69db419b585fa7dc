import Foundation
import Testing

@testable import kvsh

/// Pages as a browser shows them, from a file and without a network.
@Suite("Pages in a browser", .serialized)
struct BrowserPageTests {
  static let script = FileManager.default.contents(atPath: RealModel.home + "/vega/" + VegaLibrary.fileName)
    .flatMap { VegaScript(String(decoding: $0, as: UTF8.self)) }
  static let canLook = Browser.path != nil && script != nil
  static let whyNot: Comment =
    "NOT LOOKED AT: Chromium or Vega's script is missing; scripts/setup --tests installs both"

  let folder: TemporaryFolder

  init() throws { folder = try TemporaryFolder() }

  private func open(_ html: String) throws -> Browser.Page { try Browser.open(folder.file("page.html", html)) }

  @Test("Vega draws every sample chart, mark by mark, and the console stays empty", .enabled(if: canLook, whyNot))
  func samples() throws {
    let script = try #require(Self.script)
    var quoting = PlotSamples.histograms
    quoting.x.label = "\"quoted\" and ends in \\"
    var grid = PlotSamples.point
    grid.panels = [
      .init(layers: [
        .init(series: nil, mark: .cells(.init(x: 0...2, y: 0...2, columns: 2, values: [1, 2, 3, 4], low: 1, high: 4)))
      ])
    ]
    let charts = PlotSamples.all + [quoting, grid]
    let page = try open(
      HTMLReport(blocks: [.text("# Samples")] + charts.map { .figure($0) }, figures: .drawn(script)).render())
    #expect(page.console == [])
    #expect(page.figures.count == charts.count)
    for (figure, chart) in zip(page.figures, charts) { #expect(figure.isDrawn, "\(chart.title)") }
    let histograms = try #require(page.figures.first)
    #expect(histograms.shapes("rect") == 2 + 2)
    #expect(histograms.shapes("line") == 1)
    #expect(histograms.shapes("rule") == 1)
    // Unseen points along the line tell their numbers.
    #expect(histograms.shapes("symbol") == 3)
    let twelve = try #require(zip(page.figures, charts).first { $0.1 == PlotSamples.many }?.0)
    #expect(twelve.shapes("line") == 12)
    #expect(page.figures.last?.shapes("rect") == 4)
    // Both pictures are there, one of them for print.
    #expect(histograms.markup.contains("class=\"kv-figure\"") && histograms.markup.contains("class=\"marks\""))
  }

  @Test(
    "what `save` writes is drawn, a plot alone and a report", .enabled(if: canLook, whyNot), arguments: [false, true])
  func saved(isReport: Bool) throws {
    let test = try CommandSession(hasModel: false)
    try FileManager.default.createDirectory(atPath: test.home, withIntermediateDirectories: true)
    try FileManager.default.createSymbolicLink(
      atPath: test.home + "/vega", withDestinationPath: RealModel.home + "/vega")
    let path = folder.path + "/saved.html"
    let plot = "(arange(5) | plot line)"
    try test.run("\(isReport ? "[\"# Five\", \(plot)]" : plot) | save \"\(path)\"")
    #expect(!test.printed().contains { $0.contains("Still") })
    let page = try Browser.open(path)
    #expect(page.console == [])
    #expect(page.figures.map(\.isDrawn) == [true])
    #expect(page.figures.first?.shapes("line") == 1)
    #expect(page.figures.first?.shapes("symbol") == 5)
  }

  @Test("a figure that cannot be drawn keeps its still picture and is reported", .enabled(if: canLook, whyNot))
  func undrawable() throws {
    let script = try #require(Self.script)
    let html = HTMLPage(chart: PlotSamples.histograms, command: "plot", figures: .drawn(script)).render()
    let page = try open(html.replacing("\"mark\":{\"type\":\"rect\"", with: "\"mark\":{\"type\":\"nonsense\""))
    #expect(page.console.contains { $0.contains("a figure was not drawn") })
    #expect(page.figures.map(\.isDrawn) == [false])
    #expect(page.figures.first?.markup.contains("class=\"kv-figure\"") == true)
  }
}
