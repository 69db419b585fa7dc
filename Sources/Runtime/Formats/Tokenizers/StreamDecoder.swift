/// Turns tokens into text as they are made, holding back the bytes of a character that is not whole yet.
///
/// The strings it returns, joined, are what `Tokenizer.decode` gives for all the ids at once.
public struct StreamDecoder: Sendable {
  private let tokenizer: Tokenizer
  private let skipSpecial: Bool
  private var held: [UInt8] = []
  private var isStart = true

  public init(_ tokenizer: Tokenizer, skipSpecial: Bool = false) {
    self.tokenizer = tokenizer
    self.skipSpecial = skipSpecial
  }

  /// The text that a further token completes; often empty inside a character of several tokens.
  public mutating func append(_ id: Int32) -> String {
    tokenizer.append(id, skipSpecial: skipSpecial, isStart: &isStart, to: &held)
    let whole = held.count - StreamDecoder.unfinished(held)
    defer { held.removeFirst(whole) }
    return String(decoding: held[..<whole], as: UTF8.self)
  }

  /// The text of what is still held back: U+FFFD for a character that was never finished.
  public mutating func finish() -> String {
    defer { held.removeAll() }
    return String(decoding: held, as: UTF8.self)
  }

  /// Bytes at the end that could still become a character.
  // Cutting before a lead byte is safe: a decoder that repairs its input starts anew at every lead byte.
  private static func unfinished(_ bytes: [UInt8]) -> Int {
    for count in 1...3 where count <= bytes.count {
      let byte = bytes[bytes.count - count]
      if byte & 0xC0 == 0x80 { continue }
      let length = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : byte >= 0xC2 ? 2 : 1
      return length > count ? count : 0
    }
    return 0
  }
}
