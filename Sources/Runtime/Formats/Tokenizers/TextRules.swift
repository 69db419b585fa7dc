import Foundation

/// What a tokenizer does to text before it splits it, and to what it decodes.
///
/// The default does nothing: byte-level BPE on the text as it is.
struct TextRules: Equatable, Sendable {
  /// When a space is put before a stretch of text between special tokens.
  enum Prefix: Equatable, Sendable {
    case never
    /// Before every stretch (the normaliser `Prepend`).
    case always
    /// Before every stretch, or only the text's first, that does not begin with one (the pre-tokeniser `Metaspace`).
    case unlessThere(firstOnly: Bool)
  }

  /// Whether characters are put in their composed form (NFC).
  var composes = false
  var prefix = Prefix.never
  /// Whether a text that is decoded loses the space in front.
  var dropsFirstSpace = false
  /// Special tokens that take the whitespace to their left or right into themselves.
  var takesSpaceLeft: Set<Int32> = []
  var takesSpaceRight: Set<Int32> = []

  var rewrites: Bool {
    composes || prefix != .never || !takesSpaceLeft.isEmpty || !takesSpaceRight.isEmpty
  }

  /// A stretch of text as it is to be split.
  func rewritten(_ stretch: Slice<UnsafeBufferPointer<UInt8>>, isFirst: Bool) -> [UInt8] {
    var bytes = Array(stretch)
    if composes, bytes.contains(where: { $0 >= 0x80 }) {
      bytes = Array(String(decoding: bytes, as: UTF8.self).precomposedStringWithCanonicalMapping.utf8)
    }
    let isPrefixed =
      switch prefix {
      case .never: false
      case .always: !bytes.isEmpty
      case .unlessThere(let firstOnly):
        !bytes.isEmpty && !TextRules.beginsWithSpace(bytes) && (isFirst || !firstOnly)
      }
    if isPrefixed { bytes.insert(UInt8(ascii: " "), at: 0) }
    return bytes
  }

  /// Whether the first character is a space or the U+2581 that stands for one.
  private static func beginsWithSpace(_ bytes: [UInt8]) -> Bool {
    bytes.first == UInt8(ascii: " ") || bytes.starts(with: [0xE2, 0x96, 0x81])
  }
}

extension Tokenizer {
  /// The ids of a text whose stretches between special tokens are rewritten first.
  func encodeRewritten(_ text: String, parseSpecial: Bool) -> [Int32] {
    var text = text
    return text.withUTF8 { bytes in
      var ids: [Int32] = []
      var start = 0
      func encode(_ range: Range<Int>) {
        guard !range.isEmpty else { return }
        let stretch = rules.rewritten(bytes[range], isFirst: range.lowerBound == 0)
        stretch.withUnsafeBufferPointer { stretch in
          var encoding = Encoding(text: stretch)
          encoding.append(0..<stretch.count, self)
          ids += encoding.ids
        }
      }
      while let special = specials.next(bytes, from: start, parseSpecial: parseSpecial) {
        var (left, right) = (special.range.lowerBound, special.range.upperBound)
        if rules.takesSpaceLeft.contains(special.id) { left = Tokenizer.spaceStart(bytes, start..<left) }
        if rules.takesSpaceRight.contains(special.id) { right = Tokenizer.spaceEnd(bytes, right) }
        encode(start..<left)
        ids.append(special.id)
        start = right
      }
      encode(start..<bytes.count)
      return ids
    }
  }

  /// Where the whitespace at the end of a range begins.
  private static func spaceStart(_ bytes: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      let next = CharacterClass.at(index, bytes)
      index += next.byteCount
      if next.class != .whitespace { start = index }
    }
    return start
  }

  private static func spaceEnd(_ bytes: UnsafeBufferPointer<UInt8>, _ start: Int) -> Int {
    var index = start
    while index < bytes.count {
      let next = CharacterClass.at(index, bytes)
      guard next.class == .whitespace else { break }
      index += next.byteCount
    }
    return index
  }
}
