/// The merges of a vocabulary: which two neighbouring tokens become one, and how early.
///
/// An open-addressed table, because it is asked several times for every character of a text.
struct TokenPairs: Sendable {
  /// What a pair becomes. Lower ranks merge first.
  struct Merge: Equatable, Sendable {
    var rank: UInt32
    var token: Int32

    static let none = Merge(rank: .max, token: -1)
  }

  private var keys: [UInt64]
  private var merges: [Merge]
  private let mask: Int
  private static let empty = UInt64.max

  /// Room for `count` pairs.
  init(capacity count: Int) {
    var size = 16
    while size < count * 2 { size *= 2 }
    keys = [UInt64](repeating: TokenPairs.empty, count: size)
    merges = [Merge](repeating: .none, count: size)
    mask = size - 1
  }

  /// Adds a pair of token ids; one that is there already keeps its earlier rank.
  mutating func insert(_ left: Int32, _ right: Int32, _ merge: Merge) {
    let key = TokenPairs.key(left, right)
    let slot = slot(key)
    guard keys[slot] == TokenPairs.empty else { return }
    keys[slot] = key
    merges[slot] = merge
  }

  /// The merge of two neighbours, or `.none`.
  @inline(__always)
  subscript(left: Int32, right: Int32) -> Merge { merges[slot(TokenPairs.key(left, right))] }

  @inline(__always)
  private func slot(_ key: UInt64) -> Int {
    var slot = Int(truncatingIfNeeded: (key &* 0x9E37_79B9_7F4A_7C15) >> 32) & mask
    while keys[slot] != key, keys[slot] != TokenPairs.empty { slot = (slot &+ 1) & mask }
    return slot
  }

  @inline(__always)
  private static func key(_ left: Int32, _ right: Int32) -> UInt64 {
    UInt64(UInt32(bitPattern: left)) << 32 | UInt64(UInt32(bitPattern: right))
  }
}
