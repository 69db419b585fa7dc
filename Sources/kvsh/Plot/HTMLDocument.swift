import Foundation
import Lang

/// The frame that every page shares: one file, its own style for light and dark, nothing fetched.
struct HTMLDocument: Sendable {
  var title: String
  /// What stands in the page, in order.
  var body: [String] = []
  /// How its figures are shown; nil for a page that has none.
  var figures: HTMLFigures?

  func render() -> String {
    """
    <!DOCTYPE html>
    <html lang="en">
    <head>
    <meta charset="utf-8">
    <meta name="viewport" content="width=device-width, initial-scale=1">
    <meta name="color-scheme" content="light dark">
    <meta http-equiv="Content-Security-Policy" content="\(VegaScript.policy)">
    <title>\(SVGText.escaped(title))</title>
    <style>
    \(Self.sheet)</style>
    </head>
    <body>
    <main>
    \(body.joined())\(figures?.markup ?? "")</main>
    </body>
    </html>

    """
  }

  static func heading(_ text: String, level: Int = 1) -> String {
    "<h\(level)>\(SVGText.escaped(text))</h\(level)>\n"
  }

  static func paragraph(_ text: String) -> String { "<p>\(lines(text))</p>\n" }

  static func code(_ text: String) -> String { "<pre><code>\(lines(text))</code></pre>\n" }

  /// A still picture, the place of the one that Vega draws, and the Vega-Lite specification for both Vega and those who
  /// want to change it.
  static func figure(_ chart: Chart) -> String {
    let specification = VegaLite(isInteractive: true).render(chart).replacingScalars([
      "<": "\\u003c", ">": "\\u003e", "&": "\\u0026",
    ])
    return """
      <figure>
      <div class="still">
      \(SVGPlot().render(chart))</div>
      <div class="drawn"></div>
      </figure>
      <script type="application/json" class="vega-lite">\(specification)</script>

      """
  }

  /// A table, the headings first; nothing for none.
  static func table(_ rows: [[String]]) -> String {
    guard let headings = rows.first else { return "" }
    let head = headings.map { "<th scope=\"col\">\(SVGText.escaped($0))</th>" }.joined()
    let body = rows.dropFirst().map { row in
      "<tr>"
        + row.enumerated().map { index, cell in
          index == 0
            ? "<th scope=\"row\">\(SVGText.escaped(cell))</th>" : "<td>\(SVGText.escaped(cell))</td>"
        }.joined() + "</tr>"
    }
    return "<div class=\"scroll\"><table>\n<thead><tr>\(head)</tr></thead>\n<tbody>\n"
      + body.joined(separator: "\n") + "\n</tbody>\n</table></div>\n"
  }

  /// Escaped with its line ends kept.
  private static func lines(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).map { SVGText.escaped(String($0)) }
      .joined(separator: "\n")
  }

  private static let sheet = """
    :root { color-scheme: light dark; }
    body { margin: 0; background: #ffffff; color: #1f2328; font: 15px/1.55 system-ui, "Helvetica Neue", Arial, sans-serif; }
    main { max-width: 820px; margin: 0 auto; padding: 32px 20px 64px; }
    h1 { font-size: 22px; line-height: 1.25; margin: 0 0 12px; }
    h2 { font-size: 17px; line-height: 1.3; margin: 36px 0 8px; }
    h3 { font-size: 15px; margin: 24px 0 6px; }
    ul { padding-left: 20px; font-size: 14px; }
    pre { background: #f4f5f7; border-radius: 6px; padding: 10px 14px; overflow-x: auto; font: 13px/1.5 ui-monospace, Menlo, Consolas, monospace; }
    figure { margin: 20px 0; }
    .still svg { max-width: 100%; height: auto; display: block; }
    .drawn { overflow-x: auto; }
    .still-only { border-left: 3px solid #c98700; padding-left: 10px; margin-top: 32px; }
    .is-drawn .still { display: none; }
    @media print {
      .is-drawn .still { display: block; }
      .drawn, .hint { display: none; }
    }
    .scroll { overflow-x: auto; }
    table { border-collapse: collapse; font-size: 13.5px; font-variant-numeric: tabular-nums; }
    th, td { padding: 5px 14px 5px 0; text-align: right; white-space: nowrap; }
    th:first-child { text-align: left; }
    thead th { border-bottom: 1px solid #b8bec5; font-weight: 600; }
    tbody th { font-weight: 400; }
    p { color: #59636e; font-size: 13.5px; white-space: pre-line; }
    @media (prefers-color-scheme: dark) {
      body { background: #16191d; color: #e6e9ed; }
      pre { background: #22262c; }
      thead th { border-color: #4a525c; }
      p { color: #a3acb6; }
    }

    """
}
