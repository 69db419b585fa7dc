/// What the receiving end can show: colours and characters.
struct PlotStyle: Equatable, Sendable {
  enum Colors: Equatable, Sendable {
    case none
    case ansi256
    case trueColor
  }

  var colors: Colors
  /// Braille and block characters; else ASCII alone.
  var unicode: Bool

  static let plain = PlotStyle(colors: .none, unicode: true)
  static let ascii = PlotStyle(colors: .none, unicode: false)

  /// From the environment: `NO_COLOR`, `COLORTERM`, `TERM`, and the character set in `LC_ALL`, `LC_CTYPE` or `LANG`.
  /// Colours only on a terminal; ASCII if `TERM=dumb` or the character set is not UTF-8.
  static func detect(environment: [String: String], isTerminal: Bool) -> PlotStyle {
    let locale = ["LC_ALL", "LC_CTYPE", "LANG"].lazy.compactMap { environment[$0] }.first { !$0.isEmpty } ?? ""
    let charset = locale.lowercased()
    let term = environment["TERM"] ?? ""
    let unicode = term != "dumb" && (charset.contains("utf-8") || charset.contains("utf8"))
    let isMonochrome = ["", "dumb", "vt52", "vt100", "vt102", "vt220"].contains(term)
    let isRefused = environment["NO_COLOR"].map { !$0.isEmpty } ?? false
    guard isTerminal, !isMonochrome, !isRefused else { return PlotStyle(colors: .none, unicode: unicode) }
    let isTrueColor = ["truecolor", "24bit"].contains(environment["COLORTERM"] ?? "")
    return PlotStyle(colors: isTrueColor ? .trueColor : .ansi256, unicode: unicode)
  }
}
