/// Finds special tokens in text: at each place the longest that matches, from left to right.
struct SpecialTokens: Sendable {
  private struct Entry: Sendable {
    var bytes: [UInt8]
    var id: Int32
    /// Matched even where special tokens are read as ordinary text (user-defined tokens).
    var isAlways: Bool
  }

  /// By first byte, longest first.
  private var entries = [[Entry]](repeating: [], count: 256)
  private var hasAlways = false
  private var hasAny = false

  mutating func insert(_ bytes: [UInt8], id: Int32, isAlways: Bool) {
    guard let first = bytes.first else { return }
    let entry = Entry(bytes: bytes, id: id, isAlways: isAlways)
    let index = entries[Int(first)].firstIndex { $0.bytes.count < bytes.count } ?? entries[Int(first)].count
    entries[Int(first)].insert(entry, at: index)
    hasAny = true
    if isAlways { hasAlways = true }
  }

  /// The first special token at or after `start`.
  func next(
    _ text: UnsafeBufferPointer<UInt8>, from start: Int, parseSpecial: Bool
  ) -> (range: Range<Int>, id: Int32)? {
    guard parseSpecial ? hasAny : hasAlways else { return nil }
    for index in start..<text.count {
      for entry in entries[Int(text[index])] where parseSpecial || entry.isAlways {
        let end = index + entry.bytes.count
        if end <= text.count, text[index..<end].elementsEqual(entry.bytes) { return (index..<end, entry.id) }
      }
    }
    return nil
  }
}
