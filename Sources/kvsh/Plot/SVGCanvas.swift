import Foundation

/// Collects the elements of an SVG; coordinates in pixels from the upper left corner, two decimals.
struct SVGCanvas {
  private(set) var elements: [String] = []

  static func number(_ value: Double) -> String {
    guard value.isFinite else { return "0" }
    var text = String(format: "%.2f", value)
    while text.hasSuffix("0") { text.removeLast() }
    if text.hasSuffix(".") { text.removeLast() }
    return text == "-0" ? "0" : text
  }

  mutating func raw(_ element: String) { elements.append(element) }

  mutating func line(_ x1: Double, _ y1: Double, _ x2: Double, _ y2: Double, class name: String) {
    elements.append(
      "<line class=\"\(name)\" x1=\"\(Self.number(x1))\" y1=\"\(Self.number(y1))\" x2=\"\(Self.number(x2))\" "
        + "y2=\"\(Self.number(y2))\"/>")
  }

  mutating func rect(
    _ x: Double, _ y: Double, width: Double, height: Double, class name: String, fill: String? = nil, title: String = ""
  ) {
    let tip = title.isEmpty ? "/>" : "><title>\(SVGText.escaped(title))</title></rect>"
    elements.append(
      "<rect class=\"\(name)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" width=\"\(Self.number(max(width, 0)))\" "
        + "height=\"\(Self.number(max(height, 0)))\"" + (fill.map { " fill=\"\($0)\"" } ?? "") + tip)
  }

  mutating func path(_ data: String, class name: String) {
    if !data.isEmpty { elements.append("<path class=\"\(name)\" d=\"\(data)\"/>") }
  }

  mutating func text(
    _ text: String, _ x: Double, _ y: Double, class name: String, anchor: String = "start", rotated: Bool = false
  ) {
    let turn = rotated ? " transform=\"rotate(-90 \(Self.number(x)) \(Self.number(y)))\"" : ""
    elements.append(
      "<text class=\"\(name)\" x=\"\(Self.number(x))\" y=\"\(Self.number(y))\" text-anchor=\"\(anchor)\"\(turn)>"
        + SVGText.escaped(text) + "</text>")
  }
}
