import Foundation
import Testing

@testable import kvsh

/// Reports: texts, tables and figures on one page.
struct HTMLReportTests {
  @Test("blocks stand in order, and the first heading is the title")
  func order() throws {
    let html = HTMLReport(
      blocks: [
        .text("Before.\n\n# A <study>\nOne line\nand another.\n- first\n- second & third\n```\nx | y\n```"),
        .table([["config", "n"], ["fp16", "3"]]), .figure(PlotSamples.histograms), .text("## End"), .code("nil"),
      ]
    ).render()
    #expect(html.contains("<title>A &lt;study&gt;</title>"))
    let parts = [
      "<p>Before.</p>", "<h1>A &lt;study&gt;</h1>", "<p>One line\nand another.</p>",
      "<ul>\n<li>first</li>\n<li>second &amp; third</li>\n</ul>", "<pre><code>x | y</code></pre>",
      "<th scope=\"row\">fp16</th>",
      "<svg", "</figure>", "class=\"vega-lite\"", "<h2>End</h2>", "<pre><code>nil</code></pre>", "</html>",
    ]
    var rest = html[...]
    for part in parts {
      let place = try #require(rest.range(of: part), "\(part)")
      rest = rest[place.upperBound...]
    }
    // Nothing is fetched: the only address is the name of a drawing's language and of its schema.
    let addresses = html.matches(of: /https?:\/\/[^"]+/).map(\.output)
    #expect(Set(addresses) == ["http://www.w3.org/2000/svg", "https://vega.github.io/schema/vega-lite/v5.json"])
  }

  @Test("a report without a heading has a name, and an open fence is closed at the end")
  func bare() {
    let html = HTMLReport(blocks: [.text("```\nopen")]).render()
    #expect(html.contains("<title>kvsh report</title>"))
    #expect(html.contains("<pre><code>open</code></pre>"))
  }

  @Test("a list of texts, tables and plots is saved as one")
  func saved() throws {
    let test = try CommandSession(hasModel: false)
    let path = test.folder.path + "/report.html"
    try test.run(
      """
      let rows = [{x: 1, y: 2}, {x: 2, y: 3}] | table
      ["# Rows", rows, (arange(5) | plot line), 30%] | save "\(path)"
      """)
    let html = try String(contentsOfFile: path, encoding: .utf8)
    #expect(html.contains("<h1>Rows</h1>") && html.contains("<svg") && html.contains("<pre><code>30%</code></pre>"))
    #expect(html.contains("<th scope=\"col\">y</th>"))
  }
}
