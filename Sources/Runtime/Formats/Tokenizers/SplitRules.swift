/// One match of GPT-2's split expression.
///
/// `'s|'t|'re|'ve|'m|'ll|'d| ?\p{L}+| ?\p{N}+| ?[^\s\p{L}\p{N}]+|\s+(?!\S)|\s+`
enum GPT2Split {
  /// The end of the piece that begins at `start`; the text is taken to end at `limit`.
  static func end(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, start, limit) { return end }
    var (kind, byteCount) = CharacterClass.at(start, text)
    if text[start] == UInt8(ascii: " "), start + 1 < limit {
      let next = CharacterClass.at(start + 1, text)
      if next.class != .whitespace { (kind, byteCount) = (next.class, 1 + next.byteCount) }
    }
    guard kind != .whitespace else { return SplitRun.whitespace(text, start, limit).end }
    return SplitRun.end(text, start + byteCount, limit, of: kind)
  }

  private static func contraction(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> Int? {
    guard start + 1 < limit else { return nil }
    let second: UInt8 = start + 2 < limit ? text[start + 2] : 0
    return SplitRun.contraction(text[start + 1], second).map { start + 1 + $0 }
  }
}

/// One match of the split expression of Llama 3, or of Qwen 2 with `mostDigits` 1.
///
/// `(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{L}\p{N}]?\p{L}+|\p{N}{1,3}| ?[^\s\p{L}\p{N}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+`
enum LlamaSplit {
  /// The end of the piece that begins at `start`; the text is taken to end at `limit`.
  static func end(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, mostDigits: Int
  ) -> Int {
    if text[start] == UInt8(ascii: "'"), let end = contraction(text, start, limit) { return end }
    let (kind, byteCount) = CharacterClass.at(start, text)
    let second = start + byteCount
    switch kind {
    case .letter: return SplitRun.end(text, second, limit, of: .letter)
    case .number: return digits(text, second, limit, most: mostDigits - 1)
    case .whitespace, .other: break
    }
    if second < limit, !SplitRun.isNewline(text[start]) {
      let next = CharacterClass.at(second, text)
      if next.class == .letter { return SplitRun.end(text, second + next.byteCount, limit, of: .letter) }
      if text[start] == UInt8(ascii: " "), next.class == .other {
        return others(text, second + next.byteCount, limit)
      }
    }
    if kind == .other { return others(text, second, limit) }
    let run = SplitRun.whitespace(text, start, limit)
    return run.afterLastNewline ?? run.end
  }

  /// The rest of `[^\s\p{L}\p{N}]+[\r\n]*`.
  private static func others(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> Int {
    var end = SplitRun.end(text, start, limit, of: .other)
    while end < limit, SplitRun.isNewline(text[end]) { end += 1 }
    return end
  }

  private static func digits(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, most: Int) -> Int {
    var end = start
    var left = most
    while left > 0, end < limit {
      let (kind, byteCount) = CharacterClass.at(end, text)
      guard kind == .number else { break }
      end += byteCount
      left -= 1
    }
    return end
  }

  private static func contraction(_ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int) -> Int? {
    guard start + 1 < limit else { return nil }
    let first = text[start + 1]
    let second: UInt8 = start + 2 < limit ? text[start + 2] : 0
    // Case-insensitive matching takes the long s (U+017F, bytes C5 BF) for an s.
    if first == 0xC5, second == 0xBF { return start + 3 }
    return SplitRun.contraction(lowered(first), lowered(second)).map { start + 1 + $0 }
  }

  private static func lowered(_ byte: UInt8) -> UInt8 {
    byte &- UInt8(ascii: "A") < 26 ? byte | 0x20 : byte
  }
}

/// Runs of one class of characters, which the split expressions share.
enum SplitRun {
  static func isNewline(_ byte: UInt8) -> Bool { byte == 0x0A || byte == 0x0D }

  /// Where a run of `kind` that has reached `start` ends.
  @inline(__always)
  static func end(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int, of kind: CharacterClass
  ) -> Int {
    var end = start
    while end < limit {
      let next = CharacterClass.at(end, text)
      guard next.class == kind else { break }
      end += next.byteCount
    }
    return end
  }

  /// The match of `\s+(?!\S)|\s+` at `start`, and of `\s*[\r\n]+` if the run has a line end.
  static func whitespace(
    _ text: UnsafeBufferPointer<UInt8>, _ start: Int, _ limit: Int
  ) -> (end: Int, afterLastNewline: Int?) {
    var end = start
    var last = start
    var afterLastNewline: Int?
    while end < limit {
      let next = CharacterClass.at(end, text)
      guard next.class == .whitespace else { break }
      last = end
      end += next.byteCount
      if isNewline(text[last]) { afterLastNewline = end }
    }
    // Before a visible character the expression gives one whitespace character back, unless it has no other.
    return (end == limit || last == start ? end : last, afterLastNewline)
  }

  /// Bytes of the contraction that follows an apostrophe: s, t, re, ve, m, ll or d.
  static func contraction(_ first: UInt8, _ second: UInt8) -> Int? {
    switch (first, second) {
    case (UInt8(ascii: "s"), _), (UInt8(ascii: "t"), _), (UInt8(ascii: "m"), _), (UInt8(ascii: "d"), _): 1
    case (UInt8(ascii: "r"), UInt8(ascii: "e")), (UInt8(ascii: "v"), UInt8(ascii: "e")): 2
    case (UInt8(ascii: "l"), UInt8(ascii: "l")): 2
    default: nil
    }
  }
}
