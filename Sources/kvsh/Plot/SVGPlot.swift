/// Draws a chart as one self-contained SVG: no script, no outside font, light or dark as the reader's system asks.
struct SVGPlot: Sendable {
  /// Width of the whole figure in pixels; the height follows from the content.
  var width: Double = 760

  /// The SVG document.
  func render(_ chart: Chart) -> String {
    let chart = chart.drawable()
    var layout = SVGLayout(chart: chart, width: max(width.isFinite ? width : 760, 320))
    let body = layout.draw()
    let size = (SVGCanvas.number(layout.width), SVGCanvas.number(layout.height))
    let title = SVGText.escaped(chart.title)
    let description = SVGText.escaped(Self.description(chart))
    return """
      <svg xmlns="http://www.w3.org/2000/svg" class="kv-figure" width="\(size.0)" height="\(size.1)" viewBox="0 0 \
      \(size.0) \(size.1)" role="img" aria-label="\(title)">
      <title>\(title)</title>
      <desc>\(description)</desc>
      <style>
      \(SVGStyle.sheet())</style>
      \(layout.definitions)<rect class="kv-page" width="\(size.0)" height="\(size.1)"/>
      \(body.joined(separator: "\n"))
      </svg>

      """
  }

  /// What a reader who cannot see the figure needs: axes, series with their numbers, notes.
  private static func description(_ chart: Chart) -> String {
    let series = chart.series.map { series in
      let details = zip(chart.legendColumns, series.details).map { "\($0) \($1)" }
      return ([series.label] + details).joined(separator: ", ")
    }
    return (chart.subtitle + ["x: \(chart.x.label); y: \(chart.y.label)."] + series + chart.footnotes)
      .joined(separator: "\n")
  }
}
