/// The legend as a small table, or as wrapped lines where the table does not fit.
struct TerminalLegend: Sendable {
  let chart: Chart
  let width: Int
  let ink: TerminalInk

  func lines() -> [String] {
    guard !chart.series.isEmpty else { return [] }
    let barred = Set(chart.panels.flatMap(\.layers).filter(\.mark.isFilled).compactMap(\.series))
    let keys = chart.series.indices.map { key($0, hasFill: barred.contains($0)) }
    let keyWidth = keys.map(\.columns).max() ?? 1
    let labels = chart.series.map { text($0.label) }
    let headings = chart.legendColumns.map(text)
    let cells = chart.series.map { series in
      headings.indices.map { series.details.indices.contains($0) ? text(series.details[$0]) : "" }
    }
    let labelWidth = labels.map(PlotText.width).max() ?? 0
    let widths = headings.indices.map { column in
      max(PlotText.width(headings[column]), cells.map { PlotText.width($0[column]) }.max() ?? 0)
    }
    let total = keyWidth + 1 + labelWidth + widths.reduce(0) { $0 + 2 + $1 }
    guard total <= width else { return wrapped(keys, keyWidth, labels, headings, cells) }
    var lines: [String] = []
    if !headings.isEmpty {
      let indent = String(repeating: " ", count: keyWidth + 1 + labelWidth)
      lines.append(
        indent + headings.indices.map { "  " + PlotText.pad(headings[$0], to: widths[$0], right: true) }.joined())
    }
    for index in labels.indices {
      let cells = headings.indices.map { "  " + PlotText.pad(cells[index][$0], to: widths[$0], right: true) }
      lines.append(padded(keys[index], keyWidth) + " " + PlotText.pad(labels[index], to: labelWidth) + cells.joined())
    }
    return lines
  }

  private func wrapped(
    _ keys: [(text: String, columns: Int)], _ keyWidth: Int, _ labels: [String], _ headings: [String],
    _ cells: [[String]]
  ) -> [String] {
    let indent = String(repeating: " ", count: keyWidth + 1)
    let room = max(width - keyWidth - 1, 1)
    return labels.indices.flatMap { index in
      var lines = PlotText.wrap(labels[index], to: room)
      let pairs = headings.indices.filter { !cells[index][$0].isEmpty }.map { "\(headings[$0]): \(cells[index][$0])" }
      // Non-breaking within a pair, so that a number stays with its name where there is room.
      lines += packed(pairs, to: room)
      return lines.enumerated().map { ($0.offset == 0 ? padded(keys[index], keyWidth) + " " : indent) + $0.element }
    }
  }

  /// Whole pairs on a line as long as they fit; a pair wider than the room is wrapped.
  private func packed(_ pairs: [String], to room: Int) -> [String] {
    var lines: [String] = []
    for pair in pairs {
      if let last = lines.last, PlotText.width(last) + 2 + PlotText.width(pair) <= room {
        lines[lines.count - 1] = last + "; " + pair
      } else {
        lines += PlotText.wrap(pair, to: room, indent: 2)
      }
    }
    return lines
  }

  private func key(_ index: Int, hasFill: Bool) -> (text: String, columns: Int) {
    let series = chart.series[index]
    let mark = ink.painted(String(ink.mark(index)), ink.line(series.color))
    guard hasFill else { return (mark, 1) }
    if ink.style.colors != .none, !series.hatched, ink.style.unicode {
      return (mark + ink.painted("█", ink.bar(series.color)), 2)
    }
    let fill = String(ink.fill(index, hatched: series.hatched))
    return (mark + (series.hatched ? ink.painted(fill, ink.line(series.color)) : fill), 2)
  }

  private func padded(_ key: (text: String, columns: Int), _ width: Int) -> String {
    key.text + String(repeating: " ", count: max(width - key.columns, 0))
  }

  private func text(_ text: String) -> String { ink.style.unicode ? PlotText.safe(text) : PlotText.ascii(text) }
}
