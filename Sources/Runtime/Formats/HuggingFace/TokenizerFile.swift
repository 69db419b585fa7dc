/// The parts of a `tokenizer.json` (the `tokenizers` library), as far as kvsh's tokenizer has them.
///
/// A component that is not known would give other token ids than the model was trained on, so it is refused by name.
struct TokenizerFile {
  let fileName: String
  let tree: JSONTree

  struct AddedToken {
    var id: Int
    var text: String
    var isSpecial: Bool
    var takesSpaceLeft: Bool
    var takesSpaceRight: Bool
  }

  init(_ settings: JSONSettings) {
    fileName = settings.fileName
    tree = settings.tree
  }

  func unsupported(_ component: String, _ expected: String, code: String = "K221") -> RuntimeProblem {
    RuntimeProblem(code, seen: "\(fileName): \(component) is not supported", expected: expected)
  }

  func damaged(_ seen: String, _ expected: String) -> RuntimeProblem {
    RuntimeProblem("K222", seen: "\(fileName): \(seen)", expected: expected, suggestion: FormatProblems.fetchAgain)
  }

  /// The `type` of a component, or nil if there is none.
  func type(_ component: JSONTree?) -> String? {
    if case .string(let name) = component?["type"] { name } else { nil }
  }

  /// A component, or those of a `Sequence`, as a list.
  func list(_ component: JSONTree?, _ key: String) -> [JSONTree] {
    guard let component else { return [] }
    guard type(component) == "Sequence" else { return [component] }
    guard case .array(let parts) = component[key] else { return [] }
    return parts.flatMap { list($0, key) }
  }

  func flag(_ component: JSONTree?, _ key: String, default missing: Bool = false) -> Bool {
    if case .bool(let flag) = component?[key] { flag } else { missing }
  }

  func text(_ component: JSONTree?, _ key: String) -> String? {
    if case .string(let text) = component?[key] { text } else { nil }
  }

  // MARK: Tokens

  func addedTokens() throws -> [AddedToken] {
    guard let added = tree["added_tokens"] else { return [] }
    guard case .array(let entries) = added else { throw damaged("'added_tokens' is \(added.kindName)", "an array") }
    return try entries.map { entry in
      guard case .number(let id) = entry["id"], let id = Int(id), (0..<4_194_304).contains(id),
        let content = text(entry, "content")
      else { throw damaged("an added token without id or content", "both") }
      guard !flag(entry, "single_word") else {
        throw unsupported("the added token '\(content)' as a single word", "single_word: false")
      }
      return AddedToken(
        id: id, text: content, isSpecial: flag(entry, "special"), takesSpaceLeft: flag(entry, "lstrip"),
        takesSpaceRight: flag(entry, "rstrip"))
    }
  }

  /// Texts of all tokens by id; an id that no token has is an empty text.
  func tokens(_ added: [AddedToken]) throws -> [String?] {
    guard case .object(let members) = tree["model"]?["vocab"] else {
      throw damaged("the model has no 'vocab'", "an object of tokens and ids")
    }
    var entries: [(id: Int, text: String)] = []
    entries.reserveCapacity(members.count + added.count)
    for member in members {
      guard case .number(let text) = member.value, let id = Int(text), (0..<4_194_304).contains(id) else {
        throw damaged("token '\(member.key)' has the id \(member.value.kindName)", "an id from 0 to 4,194,303")
      }
      entries.append((id, member.key))
    }
    for token in added { entries.append((token.id, token.text)) }
    guard let last = entries.map(\.id).max() else { throw damaged("the vocabulary is empty", "tokens") }
    var tokens = [String?](repeating: nil, count: last + 1)
    for (id, text) in entries {
      if let other = tokens[id], other != text {
        throw damaged("'\(other)' and '\(text)' are both token \(id)", "an id for each")
      }
      tokens[id] = text
    }
    return tokens
  }

  /// The two halves of each merge, in order.
  func merges() throws -> [(left: String, right: String)] {
    guard case .array(let entries) = tree["model"]?["merges"] else {
      throw damaged("the model has no 'merges'", "an array")
    }
    return try entries.enumerated().map { rank, entry in
      switch entry {
      case .array(let pair):
        if pair.count == 2, case .string(let left) = pair[0], case .string(let right) = pair[1] { return (left, right) }
      case .string(let text):
        let scalars = text.unicodeScalars
        if let space = scalars.dropFirst().firstIndex(of: " ") {
          return (
            String(String.UnicodeScalarView(scalars[..<space])),
            String(String.UnicodeScalarView(scalars[scalars.index(after: space)...]))
          )
        }
      default: break
      }
      throw damaged("merge \(rank + 1) is \(entry.kindName)", "two tokens")
    }
  }

  // MARK: Components

  /// Checks the model and says whether bytes without a token of their own fall back to `<0x0A>`.
  func checkModel() throws -> Bool {
    let model = tree["model"]
    guard type(model) ?? (model?["merges"] == nil ? nil : "BPE") == "BPE" else {
      throw unsupported("the model '\(type(model) ?? "of no type")'", "BPE")
    }
    for key in ["continuing_subword_prefix", "end_of_word_suffix"] where text(model, key)?.isEmpty == false {
      throw unsupported("'\(key)'", "none")
    }
    if let dropout = model?["dropout"], dropout != .number("0.0"), dropout != .number("0") {
      throw unsupported("BPE with dropout", "none")
    }
    return flag(model, "byte_fallback")
  }

  /// Normaliser and decoder as rules.
  func rules(isSentencePiece: Bool) throws -> TextRules {
    var rules = TextRules()
    var marksSpaces = false
    for part in list(tree["normalizer"], "normalizers") {
      switch type(part) {
      case "NFC": rules.composes = true
      case "Prepend" where isSentencePiece && text(part, "prepend") == "\u{2581}": rules.prefix = .always
      case "Replace"
      where isSentencePiece && text(part["pattern"], "String") == " " && text(part, "content") == "\u{2581}":
        marksSpaces = true
      default:
        throw unsupported(
          "the normaliser '\(type(part) ?? "of no type")'",
          isSentencePiece ? "NFC, and Prepend and Replace of spaces" : "NFC or none")
      }
    }
    let decoders = list(tree["decoder"], "decoders")
    let known = isSentencePiece ? ["Replace", "ByteFallback", "Fuse", "Strip"] : ["ByteLevel"]
    for part in decoders where !known.contains(type(part) ?? "") {
      throw unsupported("the decoder '\(type(part) ?? "of no type")'", known.joined(separator: ", "))
    }
    guard isSentencePiece else { return rules }
    rules.dropsFirstSpace = decoders.contains { type($0) == "Strip" }
    for part in list(tree["pre_tokenizer"], "pretokenizers") {
      guard type(part) == "Metaspace", text(part, "replacement") == "\u{2581}" else {
        throw unsupported(
          "the pre-tokeniser '\(type(part) ?? "of no type")'", "Metaspace or none beside byte_fallback", code: "K223")
      }
      guard !flag(part, "split", default: true) else {
        throw unsupported("a Metaspace that splits words apart", "split: false", code: "K223")
      }
      marksSpaces = true
      switch text(part, "prepend_scheme") ?? (flag(part, "add_prefix_space", default: true) ? "always" : "never") {
      case "always": rules.prefix = .unlessThere(firstOnly: false)
      case "first": rules.prefix = .unlessThere(firstOnly: true)
      default: break
      }
    }
    guard marksSpaces else { throw unsupported("a vocabulary whose spaces are not written U+2581", "byte-level BPE") }
    return rules
  }

  /// Rules for splitting by the regular expression that `Split` gives.
  private static let expressions: [(expression: String, rule: PreTokeniser)] = {
    let ends = #" ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"#
    let contractions = "(?i:'s|'t|'re|'ve|'m|'ll|'d)"
    let letters = #"[^\r\n\p{L}\p{N}]?\p{L}+"#
    return [
      (#"\#(contractions)|\#(letters)|\p{N}{1,3}|\#(ends)"#, .llamaBPE),
      (#"\#(contractions)|\#(letters)|\p{N}|\#(ends)"#, .qwen2),
      (#"'(?i:[sdmt]|ll|ve|re)|\#(letters)|\p{N}{1,3}|\#(ends)"#, .llamaBPE),
      (#"'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+"#, .gpt2),
    ]
  }()

  /// The rule for splitting text of a byte-level vocabulary.
  func preTokeniser() throws -> PreTokeniser {
    let parts = list(tree["pre_tokenizer"], "pretokenizers")
    let shown = parts.isEmpty ? "none" : parts.map { type($0) ?? "?" }.joined(separator: ", ")
    func refusal(_ seen: String) -> RuntimeProblem {
      unsupported(seen, "ByteLevel, Digits and ByteLevel, or the Split of Llama 3 or Qwen 2", code: "K223")
    }
    guard let last = parts.last, type(last) == "ByteLevel" else { throw refusal("the pre-tokeniser (\(shown))") }
    guard !flag(last, "add_prefix_space", default: true) else {
      throw refusal("a ByteLevel pre-tokeniser with add_prefix_space")
    }
    let splitsItself = flag(last, "use_regex", default: true)
    let first = parts.dropLast().last
    switch (parts.count, type(first), splitsItself) {
    case (1, _, true): return .gpt2
    case (2, "Digits", true) where flag(first, "individual_digits"): return .smollm
    case (2, "Split", false):
      guard let expression = text(first?["pattern"], "Regex"), text(first, "behavior") == "Isolated",
        !flag(first, "invert"),
        let rule = TokenizerFile.expressions.first(where: { $0.expression == expression })?.rule
      else { throw refusal("a Split by '\(text(first?["pattern"], "Regex") ?? "a string")'") }
      return rule
    default: throw refusal("the pre-tokeniser (\(shown))")
    }
  }

  /// The token that the post-processor puts before a text, if it does.
  func openingToken() throws -> Int32? {
    var opening: Int32?
    for part in list(tree["post_processor"], "processors") {
      switch type(part) {
      case "ByteLevel": continue
      case "TemplateProcessing":
        guard case .array(let pieces) = part["single"] else { continue }
        let names = pieces.map { text($0["SpecialToken"], "id") }
        guard names.last == .some(nil), names.count <= 2 else {
          throw unsupported("a post-processor that adds tokens after the text", "at most one token before it")
        }
        guard names.count == 2, let name = names[0] else { continue }
        guard case .array(let ids) = part["special_tokens"]?[name]?["ids"], ids.count == 1,
          case .number(let id) = ids[0], let id = Int32(id)
        else { throw damaged("the post-processor does not say which token '\(name)' is", "its id") }
        opening = id
      default:
        throw unsupported("the post-processor '\(type(part) ?? "of no type")'", "ByteLevel or TemplateProcessing")
      }
    }
    return opening
  }
}
