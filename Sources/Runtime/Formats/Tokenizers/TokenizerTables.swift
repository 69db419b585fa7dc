extension Tokenizer {
  /// Names of the token that ends a turn, where a file does not give its id.
  private static let turnEnds = ["<|im_end|>", "<|eot_id|>", "<end_of_turn>", "<|end|>"]

  /// Reads the tokenizer of a model file.
  ///
  /// Throws K207 or K208 (a missing or mistyped key), K221 (neither byte-level BPE nor SentencePiece), K222 (tables
  /// that do not fit together) or K223 (an unknown rule for splitting text).
  public init(_ file: GGUFFile) throws {
    let model = try file.string("tokenizer.ggml.model")
    guard model == "gpt2" || model == "llama" else {
      throw RuntimeProblem(
        "K221", seen: "\(file.name): the tokenizer is of the kind '\(model)'",
        expected: "'gpt2', byte-level BPE, or 'llama', SentencePiece")
    }
    let rule = model == "gpt2" ? try Tokenizer.preTokeniser(file) : nil
    let tokens = try file.strings("tokenizer.ggml.tokens")
    let kinds = try Tokenizer.kinds(file, count: tokens.count)
    if rule != nil {
      let vocabulary = try Vocabulary(tokens: tokens, kinds: kinds, fileName: file.name)
      self.vocabulary = vocabulary
      byteTokens = (UInt8.min...UInt8.max).map { vocabulary.id([$0]) ?? -1 }
      pairs = try Tokenizer.pairs(file, vocabulary)
      sentencePiece = nil
    } else {
      let tables = try SentencePieceTables(file, tokens: tokens, kinds: kinds)
      vocabulary = tables.vocabulary
      byteTokens = tables.byteTokens
      pairs = tables.pairs
      sentencePiece = tables.rules
    }
    preTokeniser = rule
    // llama.cpp does both for every file that names this rule (llama-vocab.cpp, LLAMA_VOCAB_PRE_TYPE_LLAMA3).
    takesWholePieces = rule == .llamaBPE
    addsBos = try file.optionalBool("tokenizer.ggml.add_bos_token") ?? (rule == .llamaBPE || rule == nil)
    addsEos = try file.optionalBool("tokenizer.ggml.add_eos_token") ?? false

    var specials = SpecialTokens()
    var turnEnd: Int32?
    for id in tokens.indices {
      switch kinds[id] {
      case .control, .unknown:
        specials.insert(Array(tokens[id].utf8), id: Int32(truncatingIfNeeded: id), isAlways: false)
        if turnEnd == nil, Tokenizer.turnEnds.contains(tokens[id]) { turnEnd = Int32(truncatingIfNeeded: id) }
      case .userDefined:
        specials.insert(Array(tokens[id].utf8), id: Int32(truncatingIfNeeded: id), isAlways: true)
      case .normal, .unused, .byte: break
      }
    }
    self.specials = specials
    bosId = try Tokenizer.id(file, "tokenizer.ggml.bos_token_id", count: tokens.count)
    eosId = try Tokenizer.id(file, "tokenizer.ggml.eos_token_id", count: tokens.count)
    eotId = try Tokenizer.id(file, "tokenizer.ggml.eot_token_id", count: tokens.count) ?? turnEnd
  }

  private static func preTokeniser(_ file: GGUFFile) throws -> PreTokeniser {
    let rule = try file.string("tokenizer.ggml.pre")
    guard let preTokeniser = PreTokeniser(named: rule) else {
      throw RuntimeProblem(
        "K223", seen: "\(file.name): the pre-tokeniser '\(rule)' is not supported",
        expected: PreTokeniser.allCases.map(\.rawValue).joined(separator: ", "))
    }
    return preTokeniser
  }

  private static func kinds(_ file: GGUFFile, count: Int) throws -> [Vocabulary.Kind] {
    let stored = try file.ints("tokenizer.ggml.token_type")
    guard stored.count == count, count > 0, count <= Int(Int32.max) else {
      throw RuntimeProblem(
        "K222",
        seen: "\(file.name): the vocabulary has \(count.grouped) tokens and \(stored.count.grouped) token types",
        expected: "as many of one as of the other", suggestion: FormatProblems.fetchAgain)
    }
    return try stored.enumerated().map { id, raw in
      guard let kind = Vocabulary.Kind(rawValue: raw) else {
        throw RuntimeProblem(
          "K222", seen: "\(file.name): token \(id) has the type \(raw)", expected: "a type from 1 to 6",
          suggestion: FormatProblems.fetchAgain)
      }
      return kind
    }
  }

  private static func pairs(_ file: GGUFFile, _ vocabulary: Vocabulary) throws -> TokenPairs {
    let merges = try file.strings("tokenizer.ggml.merges")
    var pairs = TokenPairs(capacity: merges.count)
    var bytes: [UInt8] = []
    for (rank, merge) in merges.enumerated() {
      bytes.removeAll(keepingCapacity: true)
      let scalars = merge[...].unicodeScalars
      guard let space = scalars.dropFirst().firstIndex(of: " "),
        ByteAlphabet.append(scalars[..<space], to: &bytes)
      else { throw unusable(merge, rank, file) }
      let middle = bytes.count
      guard ByteAlphabet.append(scalars[scalars.index(after: space)...], to: &bytes),
        let (left, right, token) = bytes.withUnsafeBufferPointer({ text -> (Int32, Int32, Int32)? in
          guard let left = vocabulary.id(text, 0..<middle), let right = vocabulary.id(text, middle..<text.count),
            let token = vocabulary.id(text, 0..<text.count)
          else { return nil }
          return (left, right, token)
        })
      else { throw unusable(merge, rank, file) }
      pairs.insert(left, right, .init(rank: UInt32(truncatingIfNeeded: rank), token: token))
    }
    return pairs
  }

  private static func unusable(_ merge: String, _ rank: Int, _ file: GGUFFile) -> RuntimeProblem {
    RuntimeProblem(
      "K222", seen: "\(file.name): merge \(rank + 1) is '\(merge)'",
      expected: "two tokens of the vocabulary that together are a third", suggestion: FormatProblems.fetchAgain)
  }

  static func id(_ file: GGUFFile, _ key: String, count: Int) throws -> Int32? {
    guard let id = try file.optionalInt(key) else { return nil }
    guard id >= 0, id < count else {
      throw RuntimeProblem(
        "K222", seen: "\(file.name): '\(key)' is \(id)",
        expected: "an id below \(count.grouped), the vocabulary's size",
        suggestion: FormatProblems.fetchAgain)
    }
    return Int32(truncatingIfNeeded: id)
  }
}
