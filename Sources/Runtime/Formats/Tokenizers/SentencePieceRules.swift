/// How SentencePiece BPE turns text into symbols and what it does with characters outside the vocabulary.
///
/// The text is one piece: spaces count as characters (`\u{2581}` in the file's tokens), one is put before the text and
/// after a special token, and the pair of neighbours whose token has the highest score merges first, the leftmost of
/// several (sentencepiece, bpe_model.cc; llama.cpp, llm_tokenizer_spm).
struct SentencePieceRules: Sendable {
  /// The character that stands for a space in the file's tokens; in a text it is a space too.
  static let escapedSpace: Unicode.Scalar = "\u{2581}"

  let addsSpacePrefix: Bool
  /// What a character becomes that has neither a token nor tokens of its bytes.
  let unknownId: Int32?

  /// The symbol of a character without a token, which pairs may still name: a number below every id.
  static func symbol(_ scalar: Unicode.Scalar) -> Int32 { -2 - Int32(truncatingIfNeeded: scalar.value) }

  /// Appends the ids of a stretch without special tokens.
  func append(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, _ tokenizer: Tokenizer, _ merger: inout BytePairMerger,
    to ids: inout [Int32]
  ) {
    guard !range.isEmpty else { return }
    let space = tokenizer.vocabulary.id([0x20]) ?? Self.symbol(" ")
    var symbols: [Int32] = addsSpacePrefix ? [space] : []
    symbols.reserveCapacity(range.count + 1)
    var index = range.lowerBound
    while index < range.upperBound {
      let (scalar, byteCount) = CharacterClass.scalar(at: index, text)
      if scalar == " " || scalar == Self.escapedSpace {
        symbols.append(space)
      } else {
        symbols.append(tokenizer.vocabulary.id(text, index..<index + byteCount) ?? Self.symbol(scalar))
      }
      index += byteCount
    }
    let start = ids.count
    merger.append(symbols, pairs: tokenizer.pairs, to: &ids)
    guard ids[start...].contains(where: { $0 < 0 }) else { return }
    let merged = ids[start...]
    ids.removeSubrange(start...)
    var isAfterUnknown = false
    for id in merged {
      isAfterUnknown = append(id, tokenizer.byteTokens, isAfterUnknown: isAfterUnknown, to: &ids)
    }
  }

  /// Appends an id, or what stands for a character without one; several unknown characters are one unknown token.
  ///
  /// Returns whether the unknown token now ends the ids.
  private func append(_ id: Int32, _ byteTokens: [Int32], isAfterUnknown: Bool, to ids: inout [Int32]) -> Bool {
    guard id < 0, let scalar = Unicode.Scalar(UInt32(truncatingIfNeeded: -2 - id)) else {
      ids.append(id)
      return false
    }
    let tokens = String(scalar).utf8.map { byteTokens[Int($0)] }
    if tokens.allSatisfy({ $0 >= 0 }) {
      ids.append(contentsOf: tokens)
      return false
    }
    if !isAfterUnknown, let unknownId { ids.append(unknownId) }
    return true
  }
}
