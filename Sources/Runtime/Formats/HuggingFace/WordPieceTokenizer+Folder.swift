extension WordPieceTokenizer {
  /// Reads the `tokenizer.json` of a folder, whose every component must be BERT's.
  ///
  /// - Throws: `RuntimeProblem` K214 (no tokenizer.json), K213 (not JSON), K221 (a component that is not supported, by
  ///   name), K222 (a vocabulary that does not fit).
  public init(_ folder: ModelFolder) throws {
    guard let settings = try folder.settings("tokenizer.json") else {
      throw RuntimeProblem(
        "K214", seen: "\(folder.name): the folder has no tokenizer.json", expected: "the tokenizer beside the weights",
        suggestion: "fetch tokenizer.json, or save the tokenizer again in the fast form")
    }
    try self.init(TokenizerFile(settings))
  }

  init(_ file: TokenizerFile) throws {
    let model = file.tree["model"]
    let type = file.type(model) ?? (model?["continuing_subword_prefix"] == nil ? "of no type" : "WordPiece")
    guard type == "WordPiece" else { throw file.unsupported("the model '\(type)'", "WordPiece in a sentence encoder") }
    let splitter = file.type(file.tree["pre_tokenizer"]) ?? "of no type"
    guard splitter == "BertPreTokenizer" else {
      throw file.unsupported("the pre-tokeniser '\(splitter)'", "BertPreTokenizer beside WordPiece")
    }
    let added = try file.addedTokens()
    let texts = try file.tokens(added)
    var ids: [[UInt8]: Int32] = [:]
    ids.reserveCapacity(texts.count)
    for (id, text) in texts.enumerated() {
      guard let text else { continue }
      ids[Array(text.utf8)] = Int32(truncatingIfNeeded: id)
    }
    var specials = SpecialTokens()
    for token in added {
      specials.insert(Array(token.text.utf8), id: Int32(truncatingIfNeeded: token.id), isAlways: !token.isSpecial)
    }
    func named(_ text: String) throws -> Int32 {
      guard let id = ids[Array(text.utf8)] else {
        throw file.damaged("the vocabulary has no '\(text)'", "a token for it")
      }
      return id
    }
    let most = try file.mostCharacters()
    self.init(
      text: try file.bertText(), ids: ids, vocabularyCount: texts.count,
      prefix: Array((file.text(model, "continuing_subword_prefix") ?? "##").utf8), mostCharacters: most,
      specials: specials, openingId: try named("[CLS]"), closingId: try named("[SEP]"),
      unknownId: try named(file.text(model, "unk_token") ?? "[UNK]"))
  }
}

extension TokenizerFile {
  fileprivate func mostCharacters() throws -> Int {
    guard let value = tree["model"]?["max_input_chars_per_word"] else { return 100 }
    guard case .number(let text) = value, let number = Int(text), (1...100_000).contains(number) else {
      throw damaged("'max_input_chars_per_word' is \(value.kindName)", "a number from 1 to 100,000")
    }
    return number
  }

  fileprivate func bertText() throws -> BertText {
    let normaliser = tree["normalizer"]
    guard type(normaliser) == "BertNormalizer" else {
      throw unsupported("the normaliser '\(type(normaliser) ?? "of no type")'", "BertNormalizer beside WordPiece")
    }
    let lowercases = flag(normaliser, "lowercase", default: true)
    return BertText(
      cleans: flag(normaliser, "clean_text", default: true),
      separatesIdeographs: flag(normaliser, "handle_chinese_chars", default: true),
      stripsAccents: flag(normaliser, "strip_accents", default: lowercases), lowercases: lowercases)
  }
}
