/// The tokens of a vocabulary as bytes, and back from bytes to ids.
struct Vocabulary: Sendable {
  /// What a file says of a token (gguf.md, `tokenizer.ggml.token_type`).
  enum Kind: Int, Sendable {
    case normal = 1
    case unknown, control, userDefined, unused, byte
  }

  let kinds: [Kind]
  /// The bytes of all tokens, one after another; token i is `starts[i]..<starts[i + 1]`.
  private let bytes: [UInt8]
  private let starts: [Int]
  /// Ids of the tokens that merging can produce, found by their bytes; -1 where free.
  private var slots: [Int32]

  var count: Int { kinds.count }

  /// A byte-level vocabulary; throws K222 for two ordinary tokens of the same bytes.
  init(tokens: [String], kinds: [Kind], fileName: String) throws {
    try self.init(tokens: tokens, kinds: kinds, fileName: fileName) { id, bytes in
      let isText = kinds[id] == .control || kinds[id] == .userDefined
      return !isText && ByteAlphabet.append(tokens[id][...].unicodeScalars, to: &bytes)
    }
  }

  /// `spell` appends what a token stands for and says whether merging can produce it; a token for which it appends
  /// nothing stands for its own text.
  ///
  /// Throws K222 for two tokens that merging can produce of the same bytes.
  init(tokens: [String], kinds: [Kind], fileName: String, spell: (Int, inout [UInt8]) throws -> Bool) throws {
    self.kinds = kinds
    var bytes: [UInt8] = []
    var starts = [0]
    var mergeable = [Bool](repeating: false, count: tokens.count)
    starts.reserveCapacity(tokens.count + 1)
    for (id, token) in tokens.enumerated() {
      mergeable[id] = try spell(id, &bytes)
      if starts[id] == bytes.count, !mergeable[id] { bytes.append(contentsOf: token.utf8) }
      starts.append(bytes.count)
    }
    self.bytes = bytes
    self.starts = starts
    var size = 16
    while size < tokens.count * 2 { size *= 2 }
    slots = [Int32](repeating: -1, count: size)
    for id in tokens.indices where mergeable[id] {
      let slot = bytes.withUnsafeBufferPointer { text in find(text, starts[id]..<starts[id + 1]) }
      guard slots[slot] < 0 else {
        throw RuntimeProblem(
          "K222", seen: "\(fileName): tokens \(slots[slot]) and \(id) of the vocabulary are both '\(tokens[id])'",
          suggestion: FormatProblems.fetchAgain)
      }
      slots[slot] = Int32(truncatingIfNeeded: id)
    }
  }

  /// The bytes of a token; `id` is in range.
  func bytes(of id: Int32) -> ArraySlice<UInt8> { bytes[starts[Int(id)]..<starts[Int(id) + 1]] }

  /// The ordinary token of exactly these bytes.
  func id(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int32? {
    let id = slots[find(text, range)]
    return id >= 0 ? id : nil
  }

  /// The ordinary token of exactly these bytes.
  func id(_ text: [UInt8]) -> Int32? {
    text.withUnsafeBufferPointer { id($0, 0..<$0.count) }
  }

  private func find(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>) -> Int {
    var slot = Int(truncatingIfNeeded: WordCache.hash(text, range)) & (slots.count - 1)
    while slots[slot] >= 0, !bytes(of: slots[slot]).elementsEqual(text[range]) { slot = (slot + 1) & (slots.count - 1) }
    return slot
  }
}
