import Foundation
import Testing

@testable import kvsh

#if canImport(FoundationXML)
  import FoundationXML
#endif

/// Counts the elements of well-formed XML and keeps its text.
final class XMLElements: NSObject, XMLParserDelegate {
  private(set) var counts: [String: Int] = [:]
  private(set) var text = ""
  private(set) var attributes: [String] = []

  /// Nil if `xml` is not well-formed.
  init?(_ xml: String) {
    super.init()
    let parser = XMLParser(data: Data(xml.utf8))
    parser.delegate = self
    guard parser.parse() else { return nil }
  }

  func parser(
    _ parser: XMLParser, didStartElement name: String, namespaceURI: String?, qualifiedName: String?,
    attributes values: [String: String] = [:]
  ) {
    counts[name, default: 0] += 1
    attributes += values.values
  }

  func parser(_ parser: XMLParser, foundCharacters string: String) { text += string }
}

@Suite("Plots as SVG")
struct SVGPlotTests {
  @Test("every chart is well-formed at any width and holds no number that is none", arguments: PlotSamples.all.indices)
  func wellFormed(index: Int) throws {
    for width in [-5, 320, 760, 1600, .infinity] {
      let svg = SVGPlot(width: width).render(PlotSamples.all[index])
      let elements = try #require(XMLElements(svg))
      #expect(elements.counts["svg"] == 1)
      #expect(elements.counts["desc"] == 1)
      #expect(!elements.attributes.contains { $0.contains("nan") || $0.contains("inf") })
    }
  }

  @Test("a hostile label stays text")
  func escapes() throws {
    let svg = SVGPlot().render(PlotSamples.hostile)
    let elements = try #require(XMLElements(svg))
    #expect(elements.counts["script"] == nil)
    #expect(elements.counts["b"] == nil)
    #expect(elements.text.contains("</script><b>&\"'[31m 漢字🙂]]>"))
    #expect(!svg.contains("\u{1B}"))
  }

  @Test("bars, lines, rules and notes each have their element")
  func parts() throws {
    let svg = SVGPlot().render(PlotSamples.histograms)
    let elements = try #require(XMLElements(svg))
    #expect(svg.components(separatedBy: "class=\"kv-bar kv-fill0\"").count == 2 + 1 + 1)
    #expect(svg.contains("class=\"kv-rule\""))
    #expect(svg.contains("class=\"kv-curve kv-stroke0\""))
    #expect(svg.contains("prefers-color-scheme: dark"))
    #expect(elements.text.contains("Skipped: 3."))
  }

  @Test("simulated storage is filled with its own hatching")
  func hatching() throws {
    let svg = SVGPlot().render(PlotSamples.hatched)
    let name = try #require(svg.firstMatch(of: /<pattern id="([^"]+)"/)).output.1
    #expect(svg.components(separatedBy: "fill=\"url(#\(name))\"").count == 2 + 1)
    #expect(!SVGPlot().render(PlotSamples.histograms).contains("<pattern"))
  }

  @Test("a line is cut at the frame, not bent")
  func clipping() throws {
    var chart = PlotSamples.point
    chart.x.range = 0...10
    chart.y.range = 0...10
    chart.panels = [.init(layers: [.init(series: 0, mark: .line([.init(x: -10, y: 0), .init(x: 30, y: 40)]))])]
    let svg = SVGPlot().render(chart)
    // y = x + 10 only touches the frame's corner at (0, 10).
    let data = try #require(
      svg.firstMatch(of: /class="kv-curve kv-stroke0" d="M([0-9.]+) ([0-9.]+)L([0-9.]+) ([0-9.]+)"/))
    #expect(data.output.1 == data.output.3)
    #expect(data.output.2 == data.output.4)
  }

  @Test("segments are cut to the unit square")
  func segments() throws {
    let whole = try #require(PlotClip.segment((-1, 0.5), (2, 0.5)))
    #expect(abs(whole.0.x) < 1e-12 && abs(whole.1.x - 1) < 1e-12)
    #expect(PlotClip.segment((-1, -1), (-0.5, 2)) == nil)
    #expect(PlotClip.segment((.nan, 0), (1, 1)) == nil)
    let inside = try #require(PlotClip.segment((0.2, 0.2), (0.4, 0.3)))
    #expect(inside.0 == (0.2, 0.2) && inside.1 == (0.4, 0.3))
  }
}

@Suite("Pages")
struct HTMLPageTests {
  @Test("the page holds command, figure, table, notes and specification, all escaped")
  func page() throws {
    let hostile = PlotSamples.hostileText
    let page = HTMLPage(
      chart: PlotSamples.hostile, command: "run \(hostile) | plot", table: [["config", "n"], [hostile, "3"]],
      notes: [hostile])
    let html = page.render()
    #expect(html.hasPrefix("<!DOCTYPE html>"))
    // The one element that is a script is data, and it ends where it should.
    #expect(html.components(separatedBy: "</script>").count == 2)
    #expect(html.components(separatedBy: "<script").count == 2)
    #expect(!html.contains("<b>"))
    #expect(!html.contains("http://") || html.components(separatedBy: "http://").count == 2)
    let json = try #require(html.firstMatch(of: /class="vega-lite">(.*)<\/script>/)).output.1
    let object = try JSONSerialization.jsonObject(with: Data(json.utf8)) as? [String: Any]
    #expect(object?["$schema"] as? String == "https://vega.github.io/schema/vega-lite/v5.json")
    #expect(html.contains("<th scope=\"row\">&lt;/script&gt;"))
  }

  @Test("a page without table and notes has neither")
  func bare() {
    let html = HTMLPage(chart: PlotSamples.histograms, command: "plot").render()
    #expect(!html.contains("<table"))
    #expect(!html.contains("<p>"))
    #expect(html.contains("<pre><code>plot</code></pre>"))
  }
}
