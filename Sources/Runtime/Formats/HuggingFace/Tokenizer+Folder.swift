extension Tokenizer {
  /// Reads the tokenizer of a model folder: `tokenizer.json`, with `tokenizer_config.json`, `generation_config.json` and
  /// `config.json` for the tokens that open and end a text.
  ///
  /// Throws K214 (no tokenizer.json), K213 (not JSON), K221 (a component that is not supported, by name), K222 (tables
  /// that do not fit together) or K223 (an unknown rule for splitting text).
  public init(_ folder: ModelFolder) throws {
    guard let settings = try folder.settings("tokenizer.json") else {
      throw RuntimeProblem(
        "K214", seen: "\(folder.name): the folder has no tokenizer.json", expected: "the tokenizer beside the weights",
        suggestion: "fetch tokenizer.json, or save the tokenizer again in the fast form")
    }
    let file = TokenizerFile(settings)
    let isSentencePiece = try file.checkModel()
    let added = try file.addedTokens()
    let texts = try file.tokens(added)
    self = try Tokenizer(file, added, texts, isSentencePiece: isSentencePiece)

    let config = try folder.settings("tokenizer_config.json")
    let opening = try file.openingToken()
    bosId = try Tokenizer.named("bos_token", config, texts) ?? opening
    eosId = try Tokenizer.named("eos_token", config, texts)
    addsBos = try bosId != nil && (config?.optionalBool("add_bos_token") ?? (opening != nil))
    eotId = texts.firstIndex { $0.map(Tokenizer.turnEnds.contains) ?? false }.map { Int32(truncatingIfNeeded: $0) }
    let generation = try folder.settings("generation_config.json")
    let ends = try generation?.optionalInts("eos_token_id") ?? folder.config.optionalInts("eos_token_id") ?? []
    for id in ends where !texts.indices.contains(id) {
      throw file.damaged("an 'eos_token_id' is \(id)", "an id below \(texts.count.grouped), the vocabulary's size")
    }
    otherEndIds = Set(ends.map { Int32(truncatingIfNeeded: $0) })
  }

  private init(
    _ file: TokenizerFile, _ added: [TokenizerFile.AddedToken], _ texts: [String?], isSentencePiece: Bool
  ) throws {
    var kinds = texts.map { $0 == nil ? Vocabulary.Kind.control : .normal }
    var rules = try file.rules(isSentencePiece: isSentencePiece)
    var specials = SpecialTokens()
    var byteTokens = [Int32](repeating: -1, count: 256)
    if isSentencePiece {
      for (id, text) in texts.enumerated() {
        guard let text, let byte = Tokenizer.byte(named: text) else { continue }
        kinds[id] = .byte
        byteTokens[Int(byte)] = Int32(truncatingIfNeeded: id)
      }
      if let missing = byteTokens.firstIndex(of: -1) {
        throw file.damaged("byte_fallback without a token for byte \(missing)", "tokens <0x00> to <0xFF>")
      }
    }
    for token in added {
      let id = Int32(truncatingIfNeeded: token.id)
      kinds[token.id] = token.isSpecial ? .control : .userDefined
      specials.insert(Array(token.text.utf8), id: id, isAlways: !token.isSpecial)
      if token.takesSpaceLeft { rules.takesSpaceLeft.insert(id) }
      if token.takesSpaceRight { rules.takesSpaceRight.insert(id) }
    }
    let names = texts.map { $0 ?? "" }
    let vocabulary: Vocabulary
    if isSentencePiece {
      vocabulary = try Vocabulary(tokens: names, kinds: kinds, fileName: file.fileName) { id, bytes in
        if kinds[id] == .byte, let byte = Tokenizer.byte(named: names[id]) {
          bytes.append(byte)
          return false
        }
        bytes += Tokenizer.bytes(names[id], false) ?? []
        // Text has no character for a space left that such a token could meet.
        return kinds[id] == .normal && !names[id].isEmpty && !names[id].utf8.contains(UInt8(ascii: " "))
      }
      // Spaces in front are the normaliser's; bytes have tokens, so that nothing is unknown.
      sentencePiece = SentencePieceRules(addsSpacePrefix: false, unknownId: nil)
      preTokeniser = nil
    } else {
      vocabulary = try Vocabulary(tokens: names, kinds: kinds, fileName: file.fileName)
      byteTokens = (UInt8.min...UInt8.max).map { vocabulary.id([$0]) ?? -1 }
      sentencePiece = nil
      preTokeniser = try file.preTokeniser()
    }
    self.vocabulary = vocabulary
    self.byteTokens = byteTokens
    self.specials = specials
    self.rules = rules
    pairs = try Tokenizer.pairs(file, vocabulary, isByteLevel: !isSentencePiece)
    takesWholePieces = file.flag(file.tree["model"], "ignore_merges")
    (bosId, eosId, eotId, addsBos, addsEos) = (nil, nil, nil, false, false)
  }

  /// The byte that `<0x0A>` stands for.
  private static func byte(named text: String) -> UInt8? {
    guard text.utf8.count == 6, text.hasPrefix("<0x"), text.hasSuffix(">") else { return nil }
    return UInt8(text.dropFirst(3).dropLast(), radix: 16)
  }

  private static func pairs(
    _ file: TokenizerFile, _ vocabulary: Vocabulary, isByteLevel: Bool
  ) throws -> TokenPairs {
    let merges = try file.merges()
    var pairs = TokenPairs(capacity: merges.count)
    for (rank, merge) in merges.enumerated() {
      guard let left = bytes(merge.left, isByteLevel), let right = bytes(merge.right, isByteLevel),
        let first = vocabulary.id(left), let second = vocabulary.id(right), let token = vocabulary.id(left + right)
      else {
        throw file.damaged(
          "merge \(rank + 1) is '\(merge.left) \(merge.right)'",
          "two tokens of the vocabulary that together are a third")
      }
      pairs.insert(first, second, .init(rank: UInt32(truncatingIfNeeded: rank), token: token))
    }
    return pairs
  }

  private static func bytes(_ token: String, _ isByteLevel: Bool) -> [UInt8]? {
    var bytes: [UInt8] = []
    guard isByteLevel else {
      for scalar in token.unicodeScalars {
        bytes.append(contentsOf: String(scalar == SentencePieceRules.escapedSpace ? " " : scalar).utf8)
      }
      return bytes
    }
    return ByteAlphabet.append(token[...].unicodeScalars, to: &bytes) ? bytes : nil
  }

  /// The id of a token that `tokenizer_config.json` names, as a text or as an object with `content`.
  private static func named(_ key: String, _ config: JSONSettings?, _ texts: [String?]) throws -> Int32? {
    guard let value = config?.tree[key] else { return nil }
    let name: String
    switch (value, value["content"]) {
    case (.string(let text), _), (_, .string(let text)): name = text
    default: throw config?.mismatch(key, value, "a token") ?? RuntimeProblem("K208", seen: key)
    }
    guard let id = texts.firstIndex(where: { $0.map { $0.utf8.elementsEqual(name.utf8) } ?? false }) else {
      throw RuntimeProblem(
        "K222", seen: "\(config?.fileName ?? ""): '\(key)' is '\(name)'", expected: "a token of tokenizer.json",
        suggestion: FormatProblems.fetchAgain)
    }
    return Int32(truncatingIfNeeded: id)
  }
}

extension ChatTemplate {
  /// Recognises the template of a model folder: `chat_template.jinja`, or `chat_template` of `tokenizer_config.json`.
  ///
  /// Throws K201 or K213 (files), K208 (not a text), K231 for a template of no known family.
  public static func recognise(_ folder: ModelFolder, _ tokenizer: Tokenizer) throws -> ChatTemplate {
    let config = try folder.settings("tokenizer_config.json")
    guard let template = try folder.text("chat_template.jinja") ?? config.flatMap(Self.template) else {
      return ChatTemplate(family: .none, trims: false, bos: "", eos: "")
    }
    func text(_ name: String, _ id: Int32?) -> String {
      template.contains(name) ? id.map { tokenizer.decode([$0]) } ?? "" : ""
    }
    return try recognise(
      template, fileName: folder.name, bos: text("bos_token", tokenizer.bosId), eos: text("eos_token", tokenizer.eosId))
  }

  /// One text, or several by name, of which `default` counts.
  private static func template(_ config: JSONSettings) throws -> String? {
    switch config.tree["chat_template"] {
    case nil: return nil
    case .string(let text): return text
    case .array(let named):
      guard let chosen = named.first(where: { $0["name"] == .string("default") }),
        case .string(let text) = chosen["template"]
      else { return nil }
      return text
    case .some(let other): throw config.mismatch("chat_template", other, "a text")
    }
  }
}
