/// The style sheet of an SVG figure. Classes carry the prefix `kv-`, as a page may hold the figure among others.
enum SVGStyle {
  /// Plain rules rather than CSS variables: converters to PNG and PDF know no variables.
  static func sheet() -> String {
    var light = """
      .kv-figure { font-family: system-ui, "Helvetica Neue", Helvetica, Arial, sans-serif; }
      .kv-page { fill: #ffffff; }
      .kv-title { font-size: 16px; font-weight: 600; }
      .kv-panel { font-size: 12.5px; font-weight: 600; }
      .kv-label, .kv-cell { font-size: 12px; }
      .kv-tick { font-size: 11px; }
      .kv-rulename { font-size: 10.5px; }
      .kv-head, .kv-note, .kv-subtitle { font-size: 11px; }
      .kv-title, .kv-panel, .kv-label, .kv-cell { fill: #1f2328; }
      .kv-tick, .kv-head, .kv-note, .kv-subtitle, .kv-rulename { fill: #59636e; }
      .kv-cell, .kv-tick { font-variant-numeric: tabular-nums; }
      .kv-grid { stroke: #e6e8eb; stroke-width: 1; }
      .kv-axis { stroke: #59636e; stroke-width: 1; fill: none; }
      .kv-divide { stroke: #b8bec5; stroke-width: 1; }
      .kv-rule { stroke: #59636e; stroke-width: 1; stroke-dasharray: 4 3; }
      .kv-bar { fill-opacity: 0.24; stroke: none; }
      .kv-outline { fill: none; stroke-opacity: 0.8; stroke-width: 1; }
      .kv-hatched { fill-opacity: 1; }
      .kv-area { fill-opacity: 0.2; stroke: none; }
      .kv-curve { fill: none; stroke-width: 2; stroke-linejoin: round; stroke-linecap: round; }
      .kv-halo { fill: none; stroke: #ffffff; stroke-opacity: 0.8; stroke-width: 4.5; stroke-linejoin: round; }
      .kv-interval { fill: none; stroke-width: 1.6; }
      .kv-second { stroke-dasharray: 7 4; }
      .kv-third { stroke-dasharray: 2 4; }

      """
    var dark = """
      .kv-page { fill: #16191d; }
      .kv-title, .kv-panel, .kv-label, .kv-cell { fill: #e6e9ed; }
      .kv-tick, .kv-head, .kv-note, .kv-subtitle, .kv-rulename { fill: #a3acb6; }
      .kv-grid { stroke: #2a2f36; }
      .kv-axis, .kv-rule { stroke: #a3acb6; }
      .kv-divide { stroke: #4a525c; }
      .kv-halo { stroke: #16191d; }

      """
    for (place, color) in PlotPalette.light.enumerated() { light += rules(place, color.hex) }
    for (place, color) in PlotPalette.dark.enumerated() { dark += rules(place, color.hex) }
    return light + "@media (prefers-color-scheme: dark) {\n" + dark + "}\n"
  }

  private static func rules(_ place: Int, _ hex: String) -> String {
    ".kv-fill\(place) { fill: \(hex); } .kv-stroke\(place) { stroke: \(hex); }\n"
  }
}
