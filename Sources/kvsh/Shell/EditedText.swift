import Foundation

/// A text with a cursor in it, as keys that move see it; counts are Unicode scalars, which is what libedit moves by.
struct EditedText {
  private let before: [Character]
  private let behind: [Character]
  /// Scalars of a character that the cursor stands in, on its two sides.
  private var inside = (before: 0, behind: 0)

  /// - Parameter cursor: UTF-8 offset.
  init(_ text: String, cursor: Int) {
    var before: [Character] = []
    var behind: [Character] = []
    var offset = 0
    for character in text {
      let size = String(character).utf8.count
      if offset + size <= cursor {
        before.append(character)
      } else if offset >= cursor {
        behind.append(character)
      } else {
        var place = offset
        for scalar in character.unicodeScalars {
          if place < cursor { inside.before += 1 } else { inside.behind += 1 }
          place += String(scalar).utf8.count
        }
      }
      offset += size
    }
    (self.before, self.behind) = (before, behind)
  }

  /// Scalars of a text behind a UTF-8 offset.
  static func scalars(in text: String, from offset: Int) -> Int {
    String(Substring(text.utf8.dropFirst(offset))).unicodeScalars.count
  }

  private static func scalars(_ characters: some Sequence<Character>) -> Int {
    characters.reduce(0) { $0 + $1.unicodeScalars.count }
  }

  /// The character to the left.
  var left: Int { inside.before > 0 ? inside.before : before.last?.unicodeScalars.count ?? 0 }
  /// The character to the right.
  var right: Int { inside.behind > 0 ? inside.behind : behind.first?.unicodeScalars.count ?? 0 }

  private var lineBefore: [Character] { Array(before.reversed().prefix { !$0.isNewline }.reversed()) }
  private var lineBehind: [Character] { Array(behind.prefix { !$0.isNewline }) }

  /// What stands between the beginning of the line and the cursor.
  var toLineStart: Int { Self.scalars(lineBefore) + inside.before }
  var toLineEnd: Int { Self.scalars(lineBehind) + inside.behind }

  /// How far the same column of the line above is to the left; nil on the first line.
  var up: Int? {
    let line = lineBefore
    let rest = before.dropLast(line.count)
    guard let lineBreak = rest.last else { return nil }
    let above = Array(rest.dropLast().reversed().prefix { !$0.isNewline }.reversed())
    return toLineStart + lineBreak.unicodeScalars.count + Self.scalars(above.dropFirst(line.count))
  }

  /// How far the same column of the line below is to the right; nil on the last line.
  var down: Int? {
    let rest = behind.dropFirst(lineBehind.count)
    guard let lineBreak = rest.first else { return nil }
    let below = rest.dropFirst().prefix { !$0.isNewline }
    return toLineEnd + lineBreak.unicodeScalars.count + Self.scalars(below.prefix(lineBefore.count))
  }
}
