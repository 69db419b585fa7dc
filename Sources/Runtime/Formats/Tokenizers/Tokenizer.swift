/// A byte-level BPE or SentencePiece tokenizer, read from the metadata of a GGUF file.
///
/// It is a value that never changes, so any number of threads may use one.
public struct Tokenizer: Sendable {
  let vocabulary: Vocabulary
  let pairs: TokenPairs
  /// The token of each single byte, -1 where the vocabulary has none.
  let byteTokens: [Int32]
  let specials: SpecialTokens
  /// Whether a piece that is a token whole is taken as it is, without merging (Llama 3).
  let takesWholePieces: Bool

  /// The rule that splits text into pieces; nil for SentencePiece, which merges across the whole text.
  public let preTokeniser: PreTokeniser?
  /// What only SentencePiece has; nil for byte-level BPE.
  let sentencePiece: SentencePieceRules?
  /// The token that begins a sequence, if the file names one.
  public let bosId: Int32?
  /// The token that ends a sequence, if the file names one.
  public let eosId: Int32?
  /// The token that ends a turn of a conversation, if the file names one or has one of the usual names.
  public let eotId: Int32?
  /// Whether the model was trained with `bosId` before every text; `encode` never adds it by itself.
  public let addsBos: Bool
  /// Whether the model was trained with `eosId` after every text; `encode` never adds it by itself.
  public let addsEos: Bool

  /// Tokens of the vocabulary, special ones included.
  public var vocabularySize: Int { vocabulary.count }

  /// The tokens at which generation stops: `eosId` and `eotId`.
  public var endIds: Set<Int32> { Set([eosId, eotId].compactMap { $0 }) }

  /// Bytes that no token stands for; `encode` leaves them out, as the `tokenizers` library and llama.cpp do, or puts
  /// the unknown token of SentencePiece in the place of their characters.
  public var missingBytes: [UInt8] {
    byteTokens.indices.filter { byteTokens[$0] < 0 }.map { UInt8(truncatingIfNeeded: $0) }
  }

  /// The ids of a text.
  ///
  /// With `parseSpecial`, text that spells a control token (`<|im_end|>`) becomes that token; without it, ordinary
  /// tokens. User-defined tokens are matched either way.
  public func encode(_ text: String, parseSpecial: Bool) -> [Int32] {
    var text = text
    return text.withUTF8 { bytes in
      var encoding = Encoding(text: bytes)
      var start = 0
      while let special = specials.next(bytes, from: start, parseSpecial: parseSpecial) {
        encoding.append(start..<special.range.lowerBound, self)
        encoding.ids.append(special.id)
        start = special.range.upperBound
      }
      encoding.append(start..<bytes.count, self)
      return encoding.ids
    }
  }

  /// The text of some ids, with U+FFFD for bytes that are not UTF-8 and for ids outside the vocabulary.
  ///
  /// With `skipSpecial`, control tokens are left out.
  public func decode(_ ids: [Int32], skipSpecial: Bool = false) -> String {
    var bytes: [UInt8] = []
    var isStart = true
    for id in ids { append(id, skipSpecial: skipSpecial, isStart: &isStart, to: &bytes) }
    return String(decoding: bytes, as: UTF8.self)
  }

  /// The text a token stands for inside a text: with its leading space, which `decode` takes from a first token.
  public func tokenText(_ id: Int32) -> String {
    String(decoding: tokenBytes(id) ?? Array("\u{FFFD}".utf8), as: UTF8.self)
  }

  /// The bytes a token stands for, which need not be whole characters; nil outside the vocabulary.
  public func tokenBytes(_ id: Int32) -> [UInt8]? {
    isInVocabulary(id) ? Array(vocabulary.bytes(of: id)) : nil
  }

  /// Whether a token marks structure rather than text.
  public func isSpecial(_ id: Int32) -> Bool {
    isInVocabulary(id) && vocabulary.kinds[Int(id)] == .control
  }

  /// Appends the bytes of one more token; `isStart` is true at first and then as the last call left it.
  ///
  /// The space that SentencePiece puts before a text, at its start and after a special token, is left out again.
  func append(_ id: Int32, skipSpecial: Bool, isStart: inout Bool, to bytes: inout [UInt8]) {
    guard isInVocabulary(id) else {
      bytes.append(contentsOf: "\u{FFFD}".utf8)
      isStart = false
      return
    }
    let kind = vocabulary.kinds[Int(id)]
    if skipSpecial, kind == .control { return }
    var text = vocabulary.bytes(of: id)
    if isStart, kind == .normal, sentencePiece?.addsSpacePrefix == true, text.first == 0x20 { text = text.dropFirst() }
    bytes.append(contentsOf: text)
    isStart = kind == .control || kind == .userDefined
  }

  private func isInVocabulary(_ id: Int32) -> Bool { id >= 0 && Int(id) < vocabulary.count }

  /// The state of encoding one text.
  private struct Encoding {
    let text: UnsafeBufferPointer<UInt8>
    var ids: [Int32] = []
    private var cache = WordCache()
    private var merger = BytePairMerger()
    private var ends: [Int] = []

    init(text: UnsafeBufferPointer<UInt8>) { self.text = text }

    /// Encodes a stretch without special tokens.
    mutating func append(_ range: Range<Int>, _ tokenizer: Tokenizer) {
      if let rules = tokenizer.sentencePiece {
        rules.append(text, range, tokenizer, &merger, to: &ids)
        return
      }
      ends.removeAll(keepingCapacity: true)
      tokenizer.preTokeniser?.split(text, range, into: &ends)
      var start = range.lowerBound
      for end in ends {
        append(piece: start..<end, tokenizer)
        start = end
      }
    }

    private mutating func append(piece: Range<Int>, _ tokenizer: Tokenizer) {
      let hash = WordCache.hash(text, piece)
      if let known = cache.ids(text, piece, hash: hash) {
        for index in known { ids.append(ids[index]) }
        return
      }
      let start = ids.count
      if tokenizer.takesWholePieces, let id = tokenizer.vocabulary.id(text, piece) {
        ids.append(id)
      } else {
        merger.append(text[piece], byteTokens: tokenizer.byteTokens, pairs: tokenizer.pairs, to: &ids)
      }
      cache.insert(piece, hash: hash, ids: start..<ids.count)
    }
  }
}
