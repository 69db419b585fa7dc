import Foundation
import Lang

/// Writes a chart as a Vega-Lite 5 specification with inline data.
///
/// Vega-Lite has no pattern fills: a simulated series is drawn with a dashed outline and a pale fill, and its legend
/// says so.
struct VegaLite: Sendable {
  /// Size of one panel in pixels; nil: chosen by the number of panels.
  var panelSize: (width: Int, height: Int)?
  /// Whether a reader can move and zoom each panel, and lines tell their values.
  var isInteractive = false

  /// JSON whose keys keep the order they are written in, so that the same chart is the same text.
  indirect enum Value: Equatable, Sendable {
    case null
    case bool(Bool)
    case number(Double)
    case string(String)
    case array([Value])
    case object([Member])

    struct Member: Equatable, Sendable {
      var name: String
      var value: Value
    }

    static func record(_ members: KeyValuePairs<String, Value>) -> Value {
      .object(members.map { Member(name: $0.key, value: $0.value) })
    }
  }

  /// The specification as JSON text on one line.
  func render(_ chart: Chart) -> String { specification(chart).json }

  func specification(_ chart: Chart) -> Value {
    let chart = chart.drawable()
    let frame = ChartFrame(chart)
    let (width, height) =
      panelSize ?? (chart.panels.count <= 1 ? (620, 340) : chart.panels.count <= 4 ? (320, 190) : (230, 160))
    var members: [Value.Member] = [
      .init(name: "$schema", value: .string("https://vega.github.io/schema/vega-lite/v5.json")),
      .init(
        name: "description",
        value: .string((chart.subtitle + chart.footnotes).map(PlotText.safe).joined(separator: "\n"))),
      .init(
        name: "title",
        value: .record([
          "text": .string(PlotText.safe(chart.title)),
          "subtitle": .array(
            (chart.subtitle + chart.footnotes).flatMap { PlotText.wrap(PlotText.safe($0), to: 110) }
              .map(Value.string)),
          "anchor": .string("start"),
        ])),
    ]
    let panels = chart.panels.enumerated().map { index, panel in
      Value.record([
        "title": panel.title.isEmpty ? .null : .string(PlotText.safe(panel.title)),
        "width": .number(Double(width)), "height": .number(Double(height)),
        "layer": .array(layers(panel, index, chart: chart, frame: frame)),
      ])
    }
    if panels.count == 1, case .object(let only)? = panels.first {
      members += only.filter { $0.name != "title" }
    } else {
      members.append(.init(name: "columns", value: .number(panels.count <= 4 ? 2 : 3)))
      members.append(.init(name: "concat", value: .array(panels)))
    }
    members.append(
      .init(
        name: "config",
        value: .record([
          "view": .record(["stroke": .null]),
          "title": .record(["subtitleFontSize": .number(10), "offset": .number(12)]),
          "legend": .record([
            "orient": .string("bottom"), "columns": .number(1), "labelLimit": .number(640), "symbolOpacity": .number(1),
            "symbolType": .string("square"),
          ]),
        ])))
    return .object(members)
  }

  private func layers(_ panel: Chart.Panel, _ index: Int, chart: Chart, frame: ChartFrame) -> [Value] {
    let layers = panel.layers.compactMap { layer(for: $0, chart: chart, frame: frame) }
    // Vega-Lite refuses a view without marks: an empty panel keeps its axes by a layer without data, which also carries
    // what a reader can do, as not every mark has both axes.
    guard layers.isEmpty || isInteractive else { return layers }
    let empty = unit(
      data: [], mark: ["type": .string("point")],
      encoding: [("x", x(chart, frame, "x")), ("y", y(chart, frame, "y"))])
    guard isInteractive, case .object(let members) = empty else { return [empty] + layers }
    return [.object([.init(name: "params", value: .array([Self.zoom(panel: index)]))] + members)] + layers
  }

  /// Dragging moves a panel and the wheel zooms it; the wheel alone still scrolls the page.
  private static func zoom(panel: Int) -> Value {
    .record([
      "name": .string("zoom_\(panel)"),
      "select": .record(["type": .string("interval"), "zoom": .string("wheel![event.shiftKey]")]),
      "bind": .string("scales"),
    ])
  }

  private func layer(for layer: Chart.Layer, chart: Chart, frame: ChartFrame) -> Value? {
    let series = layer.series.map { chart.series[$0] }
    let isHatched = series?.hatched ?? false
    let color = color(layer.series, chart)
    let dash: Value = isHatched ? .array([.number(6), .number(3)]) : .array([.number(1), .number(0)])
    let place = (x: ("x", x(chart, frame, "x")), y: ("y", y(chart, frame, "y")))
    switch layer.mark {
    case .bars(let bars):
      let rows = bars.map { bar -> [(String, Double)] in
        [("x", bar.low), ("x2", bar.high), ("y", bar.height), ("y2", frame.y.base)]
      }
      return unit(
        data: rows,
        mark: [
          "type": .string("rect"), "clip": .bool(true), "fillOpacity": .number(isHatched ? 0.08 : 0.28),
          "strokeWidth": .number(1), "strokeDash": dash, "tooltip": .bool(true),
        ],
        encoding: [place.x, ("x2", field("x2")), place.y, ("y2", field("y2"))] + color(["color", "stroke"]))
    case .line(let points), .step(let points):
      let isStep = if case .step = layer.mark { true } else { false }
      return unit(
        data: points.map { [("x", $0.x), ("y", $0.y)] },
        mark: [
          "type": .string("line"), "clip": .bool(true), "strokeWidth": .number(2), "strokeDash": dash,
          "interpolate": .string(isStep ? "step-after" : "linear"), "point": markers(points.count),
        ], encoding: [place.x, place.y] + color(["color"]))
    case .points(let points):
      return unit(
        data: points.map { [("x", $0.x), ("y", $0.y)] },
        mark: ["type": .string("point"), "clip": .bool(true), "filled": .bool(!isHatched), "tooltip": .bool(true)],
        encoding: [place.x, place.y] + color(["color"]))
    case .area(let spans):
      return unit(
        data: spans.map { [("x", $0.x), ("y", $0.low), ("y2", $0.high)] },
        mark: ["type": .string("area"), "clip": .bool(true), "opacity": .number(0.2)],
        encoding: [place.x, place.y, ("y2", field("y2"))] + color(["color"]))
    case .intervals(let spans):
      return unit(
        data: spans.map { [("x", $0.x), ("y", $0.low), ("y2", $0.high)] },
        mark: ["type": .string("rule"), "clip": .bool(true), "strokeWidth": .number(1.6)],
        encoding: [place.x, place.y, ("y2", field("y2"))] + color(["color"]))
    case .cells(let cells):
      let width = (cells.x.upperBound - cells.x.lowerBound) / Double(cells.columns)
      let height = (cells.y.upperBound - cells.y.lowerBound) / Double(cells.rows)
      let rows = cells.values.enumerated().filter { $0.element.isFinite }.map { index, value -> [(String, Double)] in
        let left = cells.x.lowerBound + width * Double(index % cells.columns)
        let low = cells.y.lowerBound + height * Double(index / cells.columns)
        return [("x", left), ("x2", left + width), ("y", low), ("y2", low + height), ("value", value)]
      }
      let scale = Value.record([
        "scheme": .string("viridis"), "domain": .array([.number(cells.low), .number(cells.high)]),
      ])
      return unit(
        data: rows, mark: ["type": .string("rect"), "clip": .bool(true), "tooltip": .bool(true)],
        encoding: [
          place.x, ("x2", field("x2")), place.y, ("y2", field("y2")),
          (
            "color",
            .record([
              "field": .string("value"), "type": .string("quantitative"), "scale": scale, "title": .null,
              "legend": .record(["orient": .string("right"), "symbolType": .null]),
            ])
          ),
        ])
    case .verticalRule(let at, _):
      return unit(
        data: [[("x", at)]],
        mark: [
          "type": .string("rule"), "clip": .bool(true), "color": .string("#59636e"),
          "strokeDash": .array([.number(4), .number(3)]),
        ], encoding: [place.x])
    case .horizontalRule(let at, _):
      return unit(
        data: [[("y", at)]],
        mark: [
          "type": .string("rule"), "clip": .bool(true), "color": .string("#59636e"),
          "strokeDash": .array([.number(4), .number(3)]),
        ], encoding: [place.y])
    }
  }

  /// A line's points: one alone must be seen; of many, a page has unseen ones that tell their numbers when pointed at.
  private func markers(_ count: Int) -> Value {
    guard isInteractive, count > 1, count <= 1000 else { return .bool(count == 1) }
    return .record(["opacity": .number(0), "size": .number(90), "tooltip": .bool(true)])
  }

  private func unit(data: [[(String, Double)]], mark: KeyValuePairs<String, Value>, encoding: [(String, Value)])
    -> Value
  {
    let rows = data.map { row in Value.object(row.map { .init(name: $0.0, value: .number($0.1)) }) }
    return .record([
      "data": .record(["values": .array(rows)]), "mark": .record(mark),
      "encoding": .object(encoding.map { .init(name: $0.0, value: $0.1) }),
    ])
  }

  private func field(_ name: String) -> Value { .record(["field": .string(name)]) }

  /// Encodes a series' colour by its name, over one scale for the whole figure, so that the legend is shared.
  private func color(_ series: Int?, _ chart: Chart) -> ([String]) -> [(String, Value)] {
    { channels in
      guard let series else { return [] }
      let names = chart.series.indices.map { legendName($0, chart) }
      let scale = Value.record([
        "domain": .array(names.map(Value.string)),
        "range": .array(chart.series.map { .string(PlotPalette.light[PlotPalette.place($0.color)].hex) }),
      ])
      return channels.map {
        ($0, .record(["datum": .string(names[series]), "type": .string("nominal"), "scale": scale, "title": .null]))
      }
    }
  }

  /// The name with its details; made unique, as Vega-Lite knows a series by its name alone.
  private func legendName(_ index: Int, _ chart: Chart) -> String {
    let series = chart.series[index]
    let details = zip(chart.legendColumns, series.details).filter { !$0.1.isEmpty }.map { "\($0): \($1)" }
    let isSaid = !series.hatched || series.label.contains("simulated")
    let label = isSaid ? series.label : series.label + " (simulated)"
    let name = PlotText.safe(([label] + details).joined(separator: " · "))
    let earlier = chart.series[..<index].count { $0.label == series.label && $0.details == series.details }
    return earlier == 0 ? name : "\(name) (\(earlier + 1))"
  }

  private func x(_ chart: Chart, _ frame: ChartFrame, _ name: String) -> Value { axis(chart.x, frame.x, name) }
  private func y(_ chart: Chart, _ frame: ChartFrame, _ name: String) -> Value { axis(chart.y, frame.y, name) }

  /// Vega-Lite puts an axis' title into the expression of a tooltip, in quotes that a backslash would escape.
  private static func axisTitle(_ label: String) -> String { PlotText.safe(label).replacingScalars(["\\": "\u{2216}"]) }

  private func axis(_ axis: Chart.Axis, _ scale: ChartFrame.Scale, _ name: String) -> Value {
    var settings: [Value.Member] = [.init(name: "grid", value: .bool(name == "y"))]
    let ticks = scale.ticks(about: 6).filter { !$0.label.isEmpty }
    if axis.categories != nil || axis.format != .number {
      settings.append(.init(name: "values", value: .array(ticks.map { .number($0.value) })))
      // Numbers of a tick and its text go into an expression; JSON quoting is a subset of the expression's.
      let pairs = ticks.map { "[\(Value.number($0.value).json),\(Value.string(PlotText.safe($0.label)).json)]" }
      let table = "[" + pairs.joined(separator: ",") + "]"
      let places = "[" + ticks.map { Value.number($0.value).json }.joined(separator: ",") + "]"
      settings.append(
        .init(name: "labelExpr", value: .string("\(table)[indexof(\(places), datum.value)][1]")))
    }
    var range: [Value.Member] = [
      .init(name: "type", value: .string(scale.axis.scale.rawValue)),
      .init(name: "domain", value: .array([.number(scale.low), .number(scale.high)])),
      .init(name: "nice", value: .bool(false)),
    ]
    // A logarithmic axis has no zero to leave out, and Vega-Lite says so.
    if scale.axis.scale != .log { range.append(.init(name: "zero", value: .bool(false))) }
    if scale.axis.isReversed { range.append(.init(name: "reverse", value: .bool(true))) }
    return .record([
      "field": .string(name), "type": .string("quantitative"), "title": .string(Self.axisTitle(axis.label)),
      "scale": .object(range), "axis": .object(settings),
    ])
  }
}
