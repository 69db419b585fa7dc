/// The tables of a SentencePiece tokenizer, read from a file with `tokenizer.ggml.model` = `llama`.
struct SentencePieceTables {
  let vocabulary: Vocabulary
  /// The token of each byte, for characters without a token of their own; -1 where there is none.
  let byteTokens: [Int32]
  let pairs: TokenPairs
  let rules: SentencePieceRules

  /// Throws K207, K208, or K222 for scores or byte tokens that do not fit the vocabulary.
  init(_ file: GGUFFile, tokens: [String], kinds: [Vocabulary.Kind]) throws {
    let scores = try Self.scores(file, count: tokens.count)
    var byteTokens = [Int32](repeating: -1, count: 256)
    vocabulary = try Vocabulary(tokens: tokens, kinds: kinds, fileName: file.name) { id, bytes in
      switch kinds[id] {
      case .normal, .unused:
        // Text has no character for a space left that such a token could meet.
        let isReachable = !tokens[id].isEmpty && !tokens[id].utf8.contains(0x20)
        for scalar in tokens[id].unicodeScalars {
          bytes.append(contentsOf: String(scalar == SentencePieceRules.escapedSpace ? " " : scalar).utf8)
        }
        return isReachable
      case .byte:
        guard let byte = Self.byte(tokens[id]), byteTokens[Int(byte)] < 0 else {
          throw RuntimeProblem(
            "K222", seen: "\(file.name): token \(id), of the kind that stands for a byte, is '\(tokens[id])'",
            expected: "<0x00> to <0xFF>, each once", suggestion: FormatProblems.fetchAgain)
        }
        byteTokens[Int(byte)] = Int32(truncatingIfNeeded: id)
        bytes.append(byte)
        return false
      case .control, .userDefined, .unknown: return false
      }
    }
    self.byteTokens = byteTokens
    pairs = Self.pairs(vocabulary, tokens: tokens, scores: scores)
    let firstUnknown = kinds.firstIndex(of: .unknown).map { Int32(truncatingIfNeeded: $0) }
    rules = SentencePieceRules(
      addsSpacePrefix: try file.optionalBool("tokenizer.ggml.add_space_prefix") ?? true,
      unknownId: try Tokenizer.id(file, "tokenizer.ggml.unknown_token_id", count: tokens.count) ?? firstUnknown)
  }

  private static func scores(_ file: GGUFFile, count: Int) throws -> [Float] {
    let scores = try file.floats("tokenizer.ggml.scores")
    guard scores.count == count else {
      throw RuntimeProblem(
        "K222", seen: "\(file.name): the vocabulary has \(count.grouped) tokens and \(scores.count.grouped) scores",
        expected: "as many of one as of the other", suggestion: FormatProblems.fetchAgain)
    }
    if let id = scores.firstIndex(where: \.isNaN) {
      throw RuntimeProblem(
        "K222", seen: "\(file.name): the score of token \(id) is not a number", expected: "a number",
        suggestion: FormatProblems.fetchAgain)
    }
    return scores
  }

  /// The byte that `<0x41>` names.
  private static func byte(_ token: String) -> UInt8? {
    guard token.utf8.count == 6, token.hasPrefix("<0x"), token.hasSuffix(">") else { return nil }
    let digits = token.dropFirst(3).dropLast()
    return digits.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2D } ? UInt8(digits, radix: 16) : nil
  }

  /// Every way to put a token together from two symbols; its rank is its score's place among all, equal for equal.
  private static func pairs(_ vocabulary: Vocabulary, tokens: [String], scores: [Float]) -> TokenPairs {
    var ranks: [Float: UInt32] = [:]
    for score in Set(scores).sorted(by: >) { ranks[score] = UInt32(truncatingIfNeeded: ranks.count) }
    var found: [(left: Int32, right: Int32, merge: TokenPairs.Merge)] = []
    var ends: [Int] = []
    for id in tokens.indices {
      let token = Int32(truncatingIfNeeded: id)
      Array(vocabulary.bytes(of: token)).withUnsafeBufferPointer { text in
        guard vocabulary.id(text, 0..<text.count) == token, let rank = ranks[scores[id]] else { return }
        ends.removeAll(keepingCapacity: true)
        var index = 0
        while index < text.count {
          index += CharacterClass.scalar(at: index, text).byteCount
          ends.append(index)
        }
        for (place, middle) in ends.dropLast().enumerated() {
          guard
            let left = symbol(text, 0..<middle, isCharacter: place == 0, vocabulary),
            let right = symbol(text, middle..<text.count, isCharacter: place == ends.count - 2, vocabulary)
          else { continue }
          found.append((left, right, TokenPairs.Merge(rank: rank, token: token)))
        }
      }
    }
    var pairs = TokenPairs(capacity: found.count)
    for pair in found { pairs.insert(pair.left, pair.right, pair.merge) }
    return pairs
  }

  /// The token of some bytes, or what stands for a single character without one.
  private static func symbol(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, isCharacter: Bool, _ vocabulary: Vocabulary
  ) -> Int32? {
    if let id = vocabulary.id(text, range) { return id }
    return isCharacter ? SentencePieceRules.symbol(CharacterClass.scalar(at: range.lowerBound, text).scalar) : nil
  }
}
