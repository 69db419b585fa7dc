/// Columns that text takes on a terminal: wide East Asian characters and emoji take two, combining marks none.
public enum DisplayWidth {
  private static let wide: [ClosedRange<UInt32>] = [
    0x1100...0x115F, 0x2E80...0x303E, 0x3041...0x33FF, 0x3400...0x4DBF, 0x4E00...0x9FFF, 0xA000...0xA4CF,
    0xA960...0xA97F, 0xAC00...0xD7A3, 0xF900...0xFAFF, 0xFE30...0xFE6F, 0xFF00...0xFF60, 0xFFE0...0xFFE6,
    0x1F300...0x1F64F, 0x1F680...0x1F6FF, 0x1F900...0x1F9FF, 0x1FA70...0x1FAFF, 0x20000...0x3FFFD,
  ]

  public static func of(_ character: Character) -> Int {
    guard let first = character.unicodeScalars.first else { return 0 }
    if first.value < 0x80 { return 1 }
    switch first.properties.generalCategory {
    case .nonspacingMark, .enclosingMark, .format: return 0
    default: break
    }
    if first.properties.isEmojiPresentation { return 2 }
    if character.unicodeScalars.count > 1, character.unicodeScalars.contains(where: { $0.value == 0xFE0F }) { return 2 }
    return wide.contains { $0.contains(first.value) } ? 2 : 1
  }

  public static func of(_ text: some StringProtocol) -> Int { text.reduce(0) { $0 + of($1) } }

  /// The longest beginning of a text that fits into a number of columns.
  public static func prefix(_ text: String, columns: Int) -> String {
    var width = 0
    return String(
      text.prefix { character in
        width += of(character)
        return width <= columns
      })
  }

  /// A text in lines of at most so many columns, broken at spaces where there are some.
  public static func wrapped(_ text: String, columns: Int) -> [String] {
    var lines: [String] = []
    var line = ""
    var width = 0
    for character in text {
      let more = of(character)
      if width + more > columns, !line.isEmpty {
        let space = line.lastIndex(of: " ")
        if character == " " || space == nil || space == line.startIndex {
          lines.append(line)
          (line, width) = ("", 0)
          if character == " " { continue }
        } else if let space {
          lines.append(String(line[..<space]))
          line = String(line[line.index(after: space)...])
          width = of(line)
        }
      }
      line.append(character)
      width += more
    }
    return lines + [line]
  }

  /// One printable column or two for every character: control characters become a space.
  static func printable(_ text: String) -> String {
    String(text.map { $0.unicodeScalars.contains { $0.value < 0x20 || $0.value == 0x7F } ? " " : $0 })
  }
}
