/// How the figures of a page are shown.
enum HTMLFigures: Equatable, Sendable {
  /// Drawn by Vega in the reader's browser, out of a script that stands in the page; the still picture remains for print
  /// and for readers without scripts.
  case drawn(VegaScript)
  /// Still pictures only; why, and what changes it, is said on the page.
  case still(reason: String)

  /// Of a page that nobody saves, as in a preview.
  static let unsaid = HTMLFigures.still(reason: "")

  /// What stands at the end of a page with figures.
  var markup: String {
    switch self {
    case .drawn(let script): script.markup
    case .still(""): ""
    case .still(let reason): "<p class=\"still-only\">\(SVGText.escaped(reason))</p>\n"
    }
  }
}
