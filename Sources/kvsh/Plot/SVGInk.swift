/// The classes and shapes a series has in an SVG.
struct SVGInk {
  let series: Int?
  let chart: Chart
  /// The name of a series' hatching.
  let hatch: (Int) -> String

  private var color: Int { series.map { PlotPalette.place(chart.series[$0].color) } ?? PlotPalette.light.count - 1 }
  private var isHatched: Bool { series.map { chart.series[$0].hatched } ?? false }
  /// Beyond the palette's end colours repeat, so the line changes.
  private var dash: String {
    let round = (series.map { max(chart.series[$0].color, 0) } ?? 0) / PlotPalette.light.count
    return isHatched || round == 1 ? " kv-second" : round > 1 ? " kv-third" : ""
  }

  var hatchFill: String? { isHatched ? series.map { "url(#\(hatch($0)))" } : nil }
  /// A hatched bar takes its fill from an attribute, which any class rule would override.
  var barClass: String {
    isHatched ? "kv-bar kv-hatched" : "kv-bar kv-fill\(color)"
  }
  var outlineClass: String { "kv-outline kv-stroke\(color)" }
  var areaClass: String { "kv-area kv-fill\(color)" }
  var curveClass: String { "kv-curve kv-stroke\(color)\(dash)" }
  var intervalClass: String { "kv-interval kv-stroke\(color)" }
  var fillClass: String { "kv-fill\(color)" }

  /// A closed shape around a point, different for neighbouring series.
  static func mark(_ series: Int?, x: Double, y: Double, radius r: Double) -> String {
    let n = SVGCanvas.number
    let corners: [(Double, Double)]
    switch (series ?? 0) % 4 {
    case 1: corners = [(-r, -r), (r, -r), (r, r), (-r, r)]
    case 2: corners = [(0, -r * 1.25), (r * 1.2, r * 0.9), (-r * 1.2, r * 0.9)]
    case 3: corners = [(0, -r * 1.35), (r * 1.35, 0), (0, r * 1.35), (-r * 1.35, 0)]
    default:
      return "M\(n(x - r)) \(n(y))a\(n(r)) \(n(r)) 0 1 0 \(n(2 * r)) 0a\(n(r)) \(n(r)) 0 1 0 \(n(-2 * r)) 0Z"
    }
    return "M" + corners.map { "\(n(x + $0.0)) \(n(y + $0.1))" }.joined(separator: "L") + "Z"
  }
}
