import Foundation

/// Turns problems into text, everywhere in kvsh.
public struct ProblemRenderer: Sendable {
  public var colour: Bool
  /// Columns of a source line that are shown around a place.
  public var columns: Int

  public init(colour: Bool = false, columns: Int = 140) {
    self.colour = colour
    self.columns = max(columns, 40)
  }

  /// The sentence, then every labelled place with its source line and carets, then what was expected and what to do.
  public func render(_ problem: Problem) -> String {
    let place = problem.span.map { "\($0): " } ?? ""
    let severity = paint("\(problem.severity.rawValue) \(problem.code)", problem.severity == .error ? "31;1" : "33;1")
    var lines = ["\(place)\(severity): \(paint(problem.seen, "1"))"]
    lines += places(problem.labels, severity: problem.severity)
    if let expected = problem.expected { lines.append("  expected: \(expected)") }
    if let suggestion = problem.suggestion { lines.append("  \(paint("hint:", "36")) \(suggestion)") }
    return lines.joined(separator: "\n")
  }

  private func paint(_ text: String, _ style: String) -> String { colour ? "\u{1B}[\(style)m\(text)\u{1B}[0m" : text }

  private struct Line: Hashable {
    var source: Source
    var number: Int
  }

  private func places(_ labels: [Problem.Label], severity: Problem.Severity) -> [String] {
    var groups: [(line: Line, labels: [(label: Problem.Label, isMain: Bool)])] = []
    for (index, label) in labels.enumerated() {
      let line = Line(source: label.span.source, number: label.span.source.line(at: label.span.start))
      if let group = groups.firstIndex(where: { $0.line == line }) {
        groups[group].labels.append((label, index == 0))
      } else {
        groups.append((line, [(label, index == 0)]))
      }
    }
    let main = labels.first?.span.source
    let width = groups.map { String($0.line.number + 1).count }.max() ?? 1
    let gutter = String(repeating: " ", count: width + 2)
    var lines: [String] = []
    for group in groups {
      if group.line.source !== main { lines.append("\(gutter)in \(group.line.source.name)") }
      let number = String(group.line.number + 1)
      let window = window(of: group.line, around: group.labels.map(\.label.span))
      let padding = String(repeating: " ", count: width + 2 - number.count)
      lines.append("\(padding)\(number) | \(window.text)")
      for (label, isMain) in group.labels.sorted(by: { $0.label.span.start < $1.label.span.start }) {
        let start = max(label.span.start, window.range.lowerBound)
        let end = min(label.span.end, window.range.upperBound)
        let source = group.line.source
        let indent =
          window.indent
          + DisplayWidth.of(source.text(in: window.range.lowerBound..<max(start, window.range.lowerBound)))
        let count = max(1, start < end ? DisplayWidth.of(source.text(in: start..<end)) : 1)
        let carets = String(repeating: isMain ? "^" : "-", count: count)
        let painted = paint(carets, isMain ? (severity == .error ? "31;1" : "33;1") : "34;1")
        let text = label.text.isEmpty ? "" : " \(label.text)"
        lines.append("\(gutter) | \(String(repeating: " ", count: indent))\(painted)\(text)")
      }
    }
    return lines
  }

  /// The part of a line that is shown: all of it, or as much as fits around the places, with an ellipsis where it is cut.
  private func window(of line: Line, around spans: [Span]) -> (text: String, range: Range<Int>, indent: Int) {
    let range = line.source.lineRange(line.number)
    let whole = line.source.text(in: range)
    if DisplayWidth.of(whole) <= columns { return (DisplayWidth.printable(whole), range, 0) }
    let first = spans.map(\.start).min() ?? range.lowerBound
    let bytes = line.source.bytes
    var start = min(max(range.lowerBound, first - columns / 3), range.upperBound)
    while start > range.lowerBound, start < bytes.count, bytes[start] & 0xC0 == 0x80 { start -= 1 }
    let rest = line.source.text(in: start..<range.upperBound)
    let shown = DisplayWidth.prefix(rest, columns: columns - 2)
    let end = start + shown.utf8.count
    let head = start > range.lowerBound ? "…" : ""
    let tail = end < range.upperBound ? "…" : ""
    return (head + DisplayWidth.printable(shown) + tail, start..<max(start, end), head.count)
  }

  /// One JSON object: code, severity, seen, expected, suggestion, labels with file, line, column, offsets and text.
  public func json(_ problem: Problem) -> String {
    var fields: [(String, JSONText)] = [
      ("code", .string(problem.code)), ("severity", .string(problem.severity.rawValue)),
      ("seen", .string(problem.seen)),
    ]
    if let expected = problem.expected { fields.append(("expected", .string(expected))) }
    if let suggestion = problem.suggestion { fields.append(("suggestion", .string(suggestion))) }
    fields.append(
      (
        "labels",
        .array(
          problem.labels.map { label in
            let source = label.span.source
            let line = source.line(at: label.span.start)
            let lineStart = source.lineRange(line).lowerBound
            let column = source.text(in: lineStart..<max(lineStart, label.span.start)).count + 1
            return .object([
              ("file", .string(source.name)), ("line", .raw("\(line + 1)")), ("column", .raw("\(column)")),
              ("start", .raw("\(label.span.start)")), ("end", .raw("\(label.span.end)")), ("text", .string(label.text)),
            ])
          })
      ))
    return JSONText.object(fields).text
  }
}
