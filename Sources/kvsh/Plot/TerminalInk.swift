/// The characters and colours a series has on a terminal.
struct TerminalInk: Sendable {
  let style: PlotStyle
  /// The kind of fill of each series: different for those whose bars share a panel. // [series]
  let fillKinds: [Int]

  init(style: PlotStyle, chart: Chart) {
    self.style = style
    var kinds = [Int?](repeating: nil, count: chart.series.count)
    for panel in chart.panels {
      let filled = panel.layers.filter(\.mark.isFilled).compactMap(\.series).filter(kinds.indices.contains)
      for series in filled where kinds[series] == nil {
        let taken = Set(filled.compactMap { kinds[$0] })
        kinds[series] = (0...taken.count).first { !taken.contains($0) }
      }
    }
    fillKinds = kinds.map { $0 ?? 0 }
  }

  static let reset = "\u{1B}[0m"

  /// Marks that differ in shape, for readers without colours.
  func mark(_ series: Int) -> Character {
    let marks: [Character] =
      style.unicode ? ["●", "○", "▲", "△", "■", "□", "◆", "◇"] : ["*", "o", "+", "x", "@", "&", "%", "="]
    return marks[PlotPalette.place(series) % marks.count]
  }

  /// What fills a bar without colours; hatched series have a stroke of their own.
  func fill(_ series: Int, hatched: Bool) -> Character {
    if hatched { return style.unicode ? "╱" : "/" }
    let fills: [Character] = style.unicode ? ["░", "▒", "▚"] : [".", ":", "~"]
    return fills[(fillKinds.indices.contains(series) ? fillKinds[series] : 0) % fills.count]
  }

  /// Where bars of several series lie over each other, without colours.
  var overlap: Character { style.unicode ? "▓" : "#" }

  func line(_ color: Int) -> PlotPalette.Color { PlotPalette.dark[PlotPalette.place(color)] }
  /// Dark enough that a curve over the bar can be seen on it.
  func bar(_ color: Int) -> PlotPalette.Color { PlotPalette.dark[PlotPalette.place(color)].darkened(0.55) }

  func escape(foreground: PlotPalette.Color?, background: PlotPalette.Color?) -> String {
    var parts: [String] = []
    for (color, base) in [(foreground, 38), (background, 48)] {
      guard let color else { continue }
      switch style.colors {
      case .none: break
      case .ansi256: parts.append("\(base);5;\(color.ansi256)")
      case .trueColor: parts.append("\(base);2;\(color.red);\(color.green);\(color.blue)")
      }
    }
    return parts.isEmpty ? "" : "\u{1B}[" + parts.joined(separator: ";") + "m"
  }

  /// `text` in one colour, or as it is without colours.
  func painted(_ text: String, _ color: PlotPalette.Color?) -> String {
    let escape = escape(foreground: color, background: nil)
    return escape.isEmpty ? text : escape + text + Self.reset
  }
}
