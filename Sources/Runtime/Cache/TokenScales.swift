/// A scale and a minimum in half precision, as a cache holds them.
struct StoredScale {
  let scale: UInt16
  let minimum: UInt16
}

/// Half-precision scales and minima of tokens, [block, group, blockTokens].
final class TokenScales {
  private var scaleBits = GrowingBuffer<UInt16>()
  private var minimumBits = GrowingBuffer<UInt16>()
  private(set) var count = 0
  let groups: Int
  let blockTokens: Int

  init(groups: Int, blockTokens: Int) {
    self.groups = groups
    self.blockTokens = blockTokens
  }

  var scales: UnsafePointer<UInt16> { UnsafePointer(scaleBits.base) }
  var minima: UnsafePointer<UInt16> { UnsafePointer(minimumBits.base) }

  /// Elements of the blocks of so many tokens.
  private func size(_ tokens: Int) -> Int { (tokens + blockTokens - 1) / blockTokens * blockTokens * groups }

  var bytes: Int { count * groups * 4 }
  /// The padding of the last block.
  var slackBytes: Int { (size(count) - count * groups) * 4 }

  func reserve(_ tokens: Int) {
    scaleBits.reserve(size(count + tokens), keeping: size(count))
    minimumBits.reserve(size(count + tokens), keeping: size(count))
  }

  @inline(__always) private func place(_ token: Int, _ group: Int) -> Int {
    (token / blockTokens * groups + group) * blockTokens + token % blockTokens
  }

  subscript(token: Int, group: Int) -> StoredScale {
    StoredScale(scale: scaleBits.base[place(token, group)], minimum: minimumBits.base[place(token, group)])
  }

  /// Appends one token's, [groups].
  func append(_ stored: UnsafePointer<StoredScale>) {
    reserve(1)
    for group in 0..<groups { write(stored[group], count, group) }
    count += 1
  }

  /// Appends one token's of a single group.
  func append(_ scale: UInt16, _ minimum: UInt16) {
    reserve(1)
    write(StoredScale(scale: scale, minimum: minimum), count, 0)
    count += 1
  }

  private func write(_ stored: StoredScale, _ token: Int, _ group: Int) {
    scaleBits.base[place(token, group)] = stored.scale
    minimumBits.base[place(token, group)] = stored.minimum
  }

  func move(_ from: Int, to: Int) { for group in 0..<groups { write(self[from, group], to, group) } }

  /// Drops the tokens from `tokens` on.
  func cut(to tokens: Int) {
    count = tokens
    scaleBits.shrink(to: size(count))
    minimumBits.shrink(to: size(count))
  }

  func removeLast() { count -= 1 }
}
