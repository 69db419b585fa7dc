import Runtime

/// Kept positions with the bits of a number of key and value, as text and back: `0-95@2/2 96-120@16/16`.
struct StoredRanges: Equatable {
  struct Range: Equatable {
    let positions: ClosedRange<Int>
    let keyBits: Double
    let valueBits: Double

    /// Bits of a number, key and value taken together.
    var bits: Double { (keyBits + valueBits) / 2 }
  }

  let ranges: [Range]

  /// Neighbours of the same bits are one range.
  init(_ tokens: [CacheInspection.Token]) {
    var ranges: [Range] = []
    for (position, token) in tokens.enumerated() {
      guard let bits = token.bits else { continue }
      if let last = ranges.last, last.positions.upperBound == position - 1, last.keyBits == bits.key,
        last.valueBits == bits.value
      {
        ranges[ranges.count - 1] = Range(
          positions: last.positions.lowerBound...position, keyBits: bits.key, valueBits: bits.value)
      } else {
        ranges.append(Range(positions: position...position, keyBits: bits.key, valueBits: bits.value))
      }
    }
    self.ranges = ranges
  }

  /// Nil if the text is not of that form.
  init?(text: String) {
    var ranges: [Range] = []
    for part in text.split(separator: " ") {
      let halves = part.split(separator: "@", omittingEmptySubsequences: false)
      guard halves.count == 2 else { return nil }
      let ends = halves[0].split(separator: "-", omittingEmptySubsequences: false).map { Int($0) }
      let bits = halves[1].split(separator: "/", omittingEmptySubsequences: false).map { Double($0) }
      guard let first = ends.first ?? nil, let last = ends.last ?? nil, ends.count <= 2, first <= last, first >= 0,
        last < 1 << 24, bits.count == 2, let key = bits[0], let value = bits[1], (0...64).contains(key),
        (0...64).contains(value)
      else { return nil }
      ranges.append(Range(positions: first...last, keyBits: key, valueBits: value))
    }
    self.ranges = ranges
  }

  var text: String {
    ranges.map { range in
      let (first, last) = (range.positions.lowerBound, range.positions.upperBound)
      return (first == last ? "\(first)" : "\(first)-\(last)")
        + "@\(Self.short(range.keyBits))/\(Self.short(range.valueBits))"
    }.joined(separator: " ")
  }

  private static func short(_ bits: Double) -> String { Int(exactly: bits).map(String.init) ?? "\(bits)" }
}
