/// Remembers, within the encoding of one text, which tokens a piece became the first time.
///
/// It holds no text and no tokens, only where they lie in the text and in the ids so far.
struct WordCache {
  private struct Entry {
    var hash: UInt64
    var start: Int
    var count: Int
    var ids: Range<Int>
  }

  private var entries: [Entry] = []
  /// Indices into `entries`, -1 where free; the count is a power of two.
  private var slots = [Int32](repeating: -1, count: 256)

  /// The ids of an equal piece seen before.
  func ids(_ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>, hash: UInt64) -> Range<Int>? {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 {
      let entry = entries[Int(slots[slot])]
      if entry.hash == hash, entry.count == piece.count,
        text[entry.start..<entry.start + entry.count].elementsEqual(text[piece])
      {
        return entry.ids
      }
      slot = (slot + 1) & (slots.count - 1)
    }
    return nil
  }

  /// Remembers a piece that is not there yet.
  mutating func insert(_ piece: Range<Int>, hash: UInt64, ids: Range<Int>) {
    if (entries.count + 1) * 2 > slots.count { grow() }
    place(Int32(truncatingIfNeeded: entries.count), hash)
    entries.append(Entry(hash: hash, start: piece.lowerBound, count: piece.count, ids: ids))
  }

  private mutating func grow() {
    slots = [Int32](repeating: -1, count: slots.count * 2)
    for (index, entry) in entries.enumerated() { place(Int32(truncatingIfNeeded: index), entry.hash) }
  }

  private mutating func place(_ index: Int32, _ hash: UInt64) {
    var slot = Int(truncatingIfNeeded: hash) & (slots.count - 1)
    while slots[slot] >= 0 { slot = (slot + 1) & (slots.count - 1) }
    slots[slot] = index
  }

  /// FNV-1a, finished so that the low bits depend on every byte alike.
  static func hash(_ text: UnsafeBufferPointer<UInt8>, _ piece: Range<Int>) -> UInt64 {
    var hash: UInt64 = 0xCBF2_9CE4_8422_2325
    for byte in text[piece] { hash = (hash ^ UInt64(byte)) &* 0x100_0000_01B3 }
    return hash ^ (hash >> 29)
  }
}
