import Lang
import Runtime

/// A text with what a cache holds of it: tokens that fewer than half of all heads keep are dimmed or dotted.
struct CacheStrip {
  private let inspection: CacheInspection
  private let texts: [String]
  private let style: PlotStyle

  init(_ inspection: CacheInspection, tokenizer: Tokenizer, style: PlotStyle) {
    self.inspection = inspection
    texts = inspection.ids.map { tokenizer.decode([$0]) }
    self.style = style
  }

  /// A line that says how much is kept, and the strip below it.
  func text(label: String) -> String {
    let kept = inspection.heads.reduce(0) { $0 + $1.kept }
    let all = inspection.heads.reduce(0) { $0 + $1.tokens.count }
    let share = PlotNumber.fixed(100 * Double(kept) / Double(max(1, all)), decimals: 1)
    let size = PlotNumber.fixed(Double(inspection.bytes.held) / 1024, decimals: 1)
    return "\(label): \(share) % of \(inspection.ids.count) tokens over \(inspection.heads.count) heads, \(size) KiB\n"
      + strip
  }

  var strip: String {
    texts.indices.map { position in
      let text = texts[position].replacingScalars(["\n": "⏎", "\r": "␍"])
      if inspection.keptShare(position: position) >= 0.5 { return text }
      return style.colors == .none
        ? String(text.map { $0 == " " ? " " : "·" }) : "\u{1B}[2m\(text)\u{1B}[22m"
    }.joined()
  }
}
