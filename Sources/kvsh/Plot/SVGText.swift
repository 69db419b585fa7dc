/// Text inside an SVG: escaped, and measured well enough to lay it out without a font.
enum SVGText {
  /// Safe in XML text and in attribute values.
  static func escaped(_ text: String) -> String {
    var result = ""
    for character in PlotText.safe(text).unicodeScalars {
      switch character {
      case "&": result += "&amp;"
      case "<": result += "&lt;"
      case ">": result += "&gt;"
      case "\"": result += "&quot;"
      case "'": result += "&#39;"
      default: result.unicodeScalars.append(character)
      }
    }
    return result
  }

  /// An upper estimate of the width in pixels, from the advance widths of a wide sans-serif (DejaVu Sans).
  static func width(_ text: String, size: Double) -> Double {
    text.reduce(0) { total, character in
      let columns = PlotText.width(character)
      if columns == 0 { return total }
      if columns == 2 { return total + 1.05 * size }
      let em: Double
      switch character {
      case "i", "j", "l", "I", ".", ",", ":", ";", "'", "|", " ", "·": em = 0.32
      case "f", "t", "r", "(", ")", "[", "]", "-", "!", "/": em = 0.40
      case "m", "w", "M", "W", "%", "@", "−", "≥", "≤", "×", "±", "←", "→": em = 0.88
      case "A"..."Z", "&": em = 0.70
      default: em = 0.63
      }
      return total + em * size
    }
  }

  /// Lines of at most `pixels`, broken at spaces, long words broken anywhere.
  static func wrap(_ text: String, to pixels: Double, size: Double) -> [String] {
    var lines: [String] = []
    var line = ""
    for word in PlotText.safe(text).split(separator: " ") {
      if !line.isEmpty, width(line + " " + word, size: size) <= pixels {
        line += " " + word
        continue
      }
      if !line.isEmpty { lines.append(line) }
      line = ""
      for character in word {
        if !line.isEmpty, width(line + String(character), size: size) > pixels {
          lines.append(line)
          line = ""
        }
        line.append(character)
      }
    }
    return line.isEmpty ? lines : lines + [line]
  }

  /// Cut with an ellipsis to at most `pixels`.
  static func cut(_ text: String, to pixels: Double, size: Double) -> String {
    var text = PlotText.safe(text)
    if width(text, size: size) <= pixels { return text }
    while !text.isEmpty, width(text + "…", size: size) > pixels { text.removeLast() }
    return text + "…"
  }
}
