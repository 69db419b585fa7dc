import Foundation
import Testing

@testable import kvsh

@Suite("Vega's script in a page")
struct VegaScriptTests {
  private static let small = "window.vegaEmbed = () => Promise.resolve();"

  @Test("the page holds the script once, behind its figures, and loads nothing")
  func inlined() throws {
    let script = try #require(VegaScript(Self.small))
    let html = HTMLReport(
      blocks: [.figure(PlotSamples.histograms), .figure(PlotSamples.point)], figures: .drawn(script)
    ).render()
    #expect(html.components(separatedBy: Self.small).count == 2)
    let last = try #require(html.range(of: "</figure>", options: .backwards))
    #expect(html[last.upperBound...].contains(Self.small))
    #expect(html.contains("Content-Security-Policy\" content=\"default-src 'none'"))
    #expect(!html.contains("<script src") && !html.contains("<link"))
    // A page without figures needs no script.
    #expect(!HTMLReport(blocks: [.text("# Words")], figures: .drawn(script)).render().contains("<script"))
  }

  @Test(
    "a text that is not the script, or would end its element, is not taken",
    arguments: ["", "alert(1)", small + "</ScRiPt>", small + "<!-- x", small + "<script"])
  func refused(text: String) { #expect(VegaScript(text) == nil) }

  @Test("without the script page and terminal say so, with the command that fetches it", arguments: [nil, "alert(1)"])
  func missing(text: String?) throws {
    let test = try CommandSession(hasModel: false)
    if let text {
      try FileManager.default.createDirectory(atPath: test.home + "/vega", withIntermediateDirectories: true)
      try Data(text.utf8).write(to: URL(fileURLWithPath: test.home + "/vega/vega.js"))
    }
    let path = test.folder.path + "/page.html"
    try test.run("arange(5) | plot line | save \"\(path)\"")
    let html = try String(contentsOfFile: path, encoding: .utf8)
    let printed = test.printed()
    #expect(printed.count == 2)
    #expect(printed.first?.hasPrefix("Still pictures only") == true)
    #expect(printed.first?.contains("`scripts/setup` fetches it") == true)
    #expect(html.contains("class=\"still-only\">Still pictures only") && html.contains("class=\"kv-figure\""))
    #expect(html.contains("alert") == false)
    // Without a figure there is nothing to say.
    try test.run("[\"# Words\"] | save \"\(path)\"")
    #expect(test.printed().count == 1)
  }

  @Test("a picture has its own program, which the problem names", arguments: ["png", "pdf", "JPEG"])
  func picture(ending: String) throws {
    let test = try CommandSession(hasModel: false)
    let problem = try test.problem("arange(5) | plot line | save \"x.\(ending)\"").problem
    #expect(problem.code == "K505")
    #expect(problem.suggestion?.contains("scripts/picture PLOT.vl.json PLOT.\(ending.lowercased())") == true)
    #expect(try test.problem("arange(5) | plot line | save \"x.xyz\"").problem.suggestion == nil)
  }
}
