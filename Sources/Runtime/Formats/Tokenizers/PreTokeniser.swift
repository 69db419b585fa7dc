/// The rule by which a tokenizer splits text into pieces before it merges bytes inside each.
///
/// Each rule is the regular expression of the model's own tokenizer, written out by hand: `tokenizer.ggml.pre` of a
/// GGUF file names it (llama.cpp, src/llama-vocab.cpp).
public enum PreTokeniser: String, CaseIterable, Sendable {
  /// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
  case gpt2 = "gpt-2"
  /// Every `\p{N}` is a piece; what lies between is split as by GPT-2.
  case smollm
  /// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
  case llamaBPE = "llama-bpe"
  /// As llama-bpe, with `\p{N}` for `\p{N}{1,3}`.
  case qwen2
  /// Runs of `[\p{P}$+<=>^~|]`, then GPT-2, then `\p{N}+`, then `[0-9][0-9][0-9]`, each inside the pieces of the last.
  case fallback = "default"

  /// Other names that files give the same rules.
  static let aliases: [String: PreTokeniser] = [
    "gpt2": .gpt2, "phi-2": .gpt2, "mpt": .gpt2, "olmo": .gpt2, "jais": .gpt2,
    "starcoder": .smollm, "refact": .smollm, "codeshell": .smollm,
    "llama3": .llamaBPE, "llama-v3": .llamaBPE,
    "deepseek-r1-qwen": .qwen2, "stablelm2": .qwen2, "megrez": .qwen2,
  ]

  /// The rule a file names, or nil for one that is not known.
  public init?(named name: String) {
    guard let rule = PreTokeniser(rawValue: name) ?? PreTokeniser.aliases[name] else { return nil }
    self = rule
  }

  /// The pieces of a text, in order; joined they are the text.
  public func pieces(of text: String) -> [String] {
    var text = text
    return text.withUTF8 { bytes in
      var ends: [Int] = []
      split(bytes, 0..<bytes.count, into: &ends)
      return zip([0] + ends, ends).map { String(decoding: bytes[$0..<$1], as: UTF8.self) }
    }
  }

  /// Appends the end of every piece of `range`, which starts and ends between characters.
  func split(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
    switch self {
    case .gpt2: splitGPT2(text, range, into: &ends)
    case .smollm: splitDigits(text, range, into: &ends)
    case .llamaBPE: splitLlama(text, range, mostDigits: 3, into: &ends)
    case .qwen2: splitLlama(text, range, mostDigits: 1, into: &ends)
    case .fallback: splitFallback(text, range, into: &ends)
    }
  }

  private func splitGPT2(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
    var start = range.lowerBound
    while start < range.upperBound {
      start = GPT2Split.end(text, start, range.upperBound)
      ends.append(start)
    }
  }

  private func splitLlama(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, mostDigits: Int, into ends: inout [Int]
  ) {
    var start = range.lowerBound
    while start < range.upperBound {
      start = LlamaSplit.end(text, start, range.upperBound, mostDigits: mostDigits)
      ends.append(start)
    }
  }

  private func splitDigits(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
    var start = range.lowerBound
    var index = start
    while index < range.upperBound {
      let (kind, byteCount) = CharacterClass.at(index, text)
      if kind == .number {
        splitGPT2(text, start..<index, into: &ends)
        start = index + byteCount
        ends.append(start)
      }
      index += byteCount
    }
    splitGPT2(text, start..<range.upperBound, into: &ends)
  }

  private func splitFallback(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
    for run in PreTokeniser.runs(text, range, of: { FallbackSplit.isPunctuation($0) }) {
      var pieces: [Int] = []
      splitGPT2(text, run, into: &pieces)
      for piece in zip([run.lowerBound] + pieces, pieces).map({ $0..<$1 }) {
        for part in PreTokeniser.runs(text, piece, of: { CharacterClass.of($0) == .number }) {
          FallbackSplit.splitTriples(text, part, into: &ends)
        }
      }
    }
  }

  /// Cuts a range into the longest runs of characters that all satisfy `isMember`, and those of which none does.
  private static func runs(
    _ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, of isMember: (Unicode.Scalar) -> Bool
  ) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = range.lowerBound
    var index = start
    var isInside = false
    while index < range.upperBound {
      let (scalar, byteCount) = CharacterClass.scalar(at: index, text)
      let isNext = isMember(scalar)
      if isNext != isInside, index > start {
        runs.append(start..<index)
        start = index
      }
      isInside = isNext
      index += byteCount
    }
    if start < range.upperBound { runs.append(start..<range.upperBound) }
    return runs
  }
}

/// The parts of llama.cpp's `default` rule that no other rule has.
enum FallbackSplit {
  /// `[\p{P}$+<=>^~|]`
  static func isPunctuation(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar {
    case "$", "+", "<", "=", ">", "^", "~", "|": return true
    default: break
    }
    switch scalar.properties.generalCategory {
    case .connectorPunctuation, .dashPunctuation, .openPunctuation, .closePunctuation, .initialPunctuation,
      .finalPunctuation, .otherPunctuation:
      return true
    default: return false
    }
  }

  /// Isolates `[0-9][0-9][0-9]`, leftmost first.
  static func splitTriples(_ text: UnsafeBufferPointer<UInt8>, _ range: Range<Int>, into ends: inout [Int]) {
    var start = range.lowerBound
    var index = start
    while index + 3 <= range.upperBound {
      guard (index..<index + 3).allSatisfy({ text[$0] &- 0x30 < 10 }) else {
        index += 1
        continue
      }
      if index > start { ends.append(index) }
      index += 3
      start = index
      ends.append(start)
    }
    if start < range.upperBound { ends.append(range.upperBound) }
  }
}
