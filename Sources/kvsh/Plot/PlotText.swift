/// Text on its way into a figure: its width in terminal columns, made safe, ASCII if asked, cut and wrapped.
enum PlotText {
  /// Control characters (escape sequences, line ends, direction overrides) become spaces or go.
  static func safe(_ text: String) -> String {
    var scalars = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar.value {
      case 0x09, 0x0A, 0x0D, 0x2028, 0x2029: scalars.append(" ")
      case 0..<0x20, 0x7F..<0xA0, 0x200B, 0x200E...0x200F, 0x202A...0x202E, 0x2060...0x206F, 0xFEFF,
        0xFFFE...0xFFFF:
        continue
      default: scalars.append(scalar)
      }
    }
    return String(scalars)
  }

  /// ASCII alone: signs that a figure uses become their plain twins, the rest `?`.
  static func ascii(_ text: String) -> String {
    var result = ""
    var scalars = Array(safe(text).unicodeScalars)[...]
    while let scalar = scalars.popFirst() {
      if let exponent = superscripts[scalar] {
        // "10⁻³" is 1e-3 and "2×10⁻³" is 2e-3.
        if result.hasSuffix("x10") {
          result = String(result.dropLast(3)) + "e"
        } else if result.hasSuffix("10") {
          result = String(result.dropLast(2)) + "1e"
        }
        result += exponent
        while let next = scalars.first, let digit = superscripts[next] {
          result += digit
          scalars.removeFirst()
        }
      } else if scalar.isASCII {
        result.unicodeScalars.append(scalar)
      } else {
        result += plain[scalar] ?? "?"
      }
    }
    return result
  }

  /// Columns on a terminal: 2 for East Asian wide characters and emoji, 0 for combining marks.
  static func width(_ text: String) -> Int { text.reduce(0) { $0 + width($1) } }

  static func width(_ character: Character) -> Int {
    guard let scalar = character.unicodeScalars.first else { return 0 }
    switch scalar.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .control, .format: return 0
    default: break
    }
    if scalar.properties.isEmojiPresentation || character.unicodeScalars.contains("\u{FE0F}") { return 2 }
    switch scalar.value {
    case 0x1100...0x115F, 0x2E80...0x303E, 0x3041...0xA4CF, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F,
      0xFF00...0xFF60, 0xFFE0...0xFFE6, 0x20000...0x3FFFD:
      return 2
    default: return 1
    }
  }

  /// At most `columns` wide, an ellipsis in place of what was cut.
  static func cut(_ text: String, to columns: Int, ellipsis: String = "…") -> String {
    if width(text) <= columns { return text }
    let room = columns - width(ellipsis)
    guard room > 0 else { return prefix(text, columns: max(columns, 0)) }
    return prefix(text, columns: room) + ellipsis
  }

  static func pad(_ text: String, to columns: Int, right: Bool = false) -> String {
    let blanks = String(repeating: " ", count: max(columns - width(text), 0))
    return right ? blanks + text : text + blanks
  }

  /// Lines of at most `columns`, broken at spaces; a longer word is broken anywhere. Later lines are indented.
  static func wrap(_ text: String, to columns: Int, indent: Int = 0) -> [String] {
    let columns = max(columns, 1)
    // Room for a wide character must stay.
    let indent = min(indent, max(columns - 2, 0))
    var lines: [String] = []
    var line = ""
    for word in text.split(separator: " ") {
      var word = String(word)
      let lead = { lines.isEmpty ? "" : String(repeating: " ", count: indent) }
      if line.isEmpty {
        line = lead()
      } else if width(line) + 1 + width(word) <= columns {
        line += " " + word
        continue
      } else {
        lines.append(line)
        line = lead()
      }
      while width(line) + width(word) > columns {
        let head = prefix(word, columns: columns - width(line))
        // A wide character in a single column cannot be placed: leave it out rather than loop.
        if head.isEmpty { word.removeFirst() } else { word.removeFirst(head.count) }
        lines.append(line + head)
        line = String(repeating: " ", count: indent)
        if word.isEmpty { break }
      }
      line += word
    }
    if line.contains(where: { $0 != " " }) { lines.append(line) }
    return lines
  }

  private static func prefix(_ text: String, columns: Int) -> String {
    var used = 0
    var kept = ""
    for character in text {
      used += width(character)
      if used > columns { break }
      kept.append(character)
    }
    return kept
  }

  private static let superscripts: [Unicode.Scalar: String] = [
    "⁻": "-", "⁰": "0", "¹": "1", "²": "2", "³": "3", "⁴": "4", "⁵": "5", "⁶": "6", "⁷": "7", "⁸": "8", "⁹": "9",
  ]

  private static let plain: [Unicode.Scalar: String] = [
    "−": "-", "–": "-", "—": "-", "×": "x", "·": "-", "±": "+-", "≥": ">=", "≤": "<=", "≈": "~", "∞": "inf", "µ": "u",
    "μ": "u", "σ": "sigma", "…": "..", "‘": "'", "’": "'", "“": "\"", "”": "\"", "\u{A0}": " ", "\u{202F}": " ",
    "→": "->", "°": "deg",
  ]
}
