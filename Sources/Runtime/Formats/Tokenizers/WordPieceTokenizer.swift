/// WordPiece as BERT has it: each word is cut, from its front, into the longest pieces that the vocabulary holds.
///
/// Source: Devlin et al., "BERT" (2019), and the `WordPiece` model of the tokenizers library.
public struct WordPieceTokenizer: Sendable {
  /// Opens a text, [CLS].
  public let openingId: Int32
  /// Closes a text, [SEP].
  public let closingId: Int32
  /// A word that cannot be cut into pieces, [UNK].
  public let unknownId: Int32
  public let vocabularyCount: Int

  let text: BertText
  /// Ids of the pieces by their bytes; those inside a word begin with `prefix`.
  let ids: [[UInt8]: Int32]
  let prefix: [UInt8]
  /// A longer word is unknown.
  let mostCharacters: Int
  let specials: SpecialTokens
  private let longestPiece: Int

  init(
    text: BertText, ids: [[UInt8]: Int32], vocabularyCount: Int, prefix: [UInt8], mostCharacters: Int,
    specials: SpecialTokens, openingId: Int32, closingId: Int32, unknownId: Int32
  ) {
    self.text = text
    self.ids = ids
    self.vocabularyCount = vocabularyCount
    self.prefix = prefix
    self.mostCharacters = mostCharacters
    self.specials = specials
    self.openingId = openingId
    self.closingId = closingId
    self.unknownId = unknownId
    longestPiece = ids.keys.map(\.count).max() ?? 0
  }

  /// The pieces of a text, without the tokens that open and close it.
  public func pieces(_ string: String) -> [Int32] {
    var string = string
    return string.withUTF8 { bytes in
      var ids: [Int32] = []
      var start = 0
      func cut(_ stretch: Range<Int>) {
        guard !stretch.isEmpty else { return }
        for word in text.words(String(decoding: bytes[stretch], as: UTF8.self)) { append(word, to: &ids) }
      }
      while let special = specials.next(bytes, from: start, parseSpecial: true) {
        cut(start..<special.range.lowerBound)
        ids.append(special.id)
        start = special.range.upperBound
      }
      cut(start..<bytes.count)
      return ids
    }
  }

  private func append(_ word: [Unicode.Scalar], to ids: inout [Int32]) {
    guard word.count <= mostCharacters else {
      ids.append(unknownId)
      return
    }
    let first = ids.count
    var bytes: [UInt8] = []
    var ends: [Int] = []  // of each character in `bytes`
    for scalar in word {
      bytes.append(contentsOf: String(scalar).utf8)
      ends.append(bytes.count)
    }
    var (start, character) = (0, 0)
    while character < word.count {
      guard let found = longest(bytes, ends, from: start, character) else {
        // One piece that is missing makes the whole word unknown.
        ids.removeSubrange(first...)
        ids.append(unknownId)
        return
      }
      ids.append(found.id)
      character = found.character
      start = ends[character - 1]
    }
  }

  /// The longest piece that begins at a place of a word, and the character behind it.
  private func longest(
    _ bytes: [UInt8], _ ends: [Int], from start: Int, _ character: Int
  ) -> (id: Int32, character: Int)? {
    let front = start == 0 ? [] : prefix
    for end in stride(from: ends.count - 1, through: character, by: -1) {
      guard front.count + ends[end] - start <= longestPiece else { continue }
      if let id = ids[front + bytes[start..<ends[end]]] { return (id, end + 1) }
    }
    return nil
  }
}
