/// Ratcliff-Obershelp matching as Python's `difflib.SequenceMatcher(None, a, b)` does it, popular characters included.
struct MatchingBlocks {
  /// Characters that lie in matching blocks.
  let matched: Int

  /// 2 M / (|a| + |b|); 1 for two empty texts.
  let ratio: Double

  init(_ a: CodePoints, _ b: CodePoints) {
    var places = Self.places(in: b)
    // autojunk: in a text of 200 characters and more, those that are more than a hundredth of it begin no match.
    if b.count >= 200 {
      let limit = b.count / 100 + 1
      places = places.filter { $0.value.count <= limit }
    }
    var total = 0
    var pending = [(a: 0..<a.count, b: 0..<b.count)]
    // Match lengths that end at each place of b. // [|b|]
    var lengths = [Int](repeating: 0, count: b.count)
    while let part = pending.popLast() {
      let match = Self.longest(a, b, part.a, part.b, places, &lengths)
      guard match.size > 0 else { continue }
      total += match.size
      if part.a.lowerBound < match.a, part.b.lowerBound < match.b {
        pending.append((part.a.lowerBound..<match.a, part.b.lowerBound..<match.b))
      }
      let (endA, endB) = (match.a + match.size, match.b + match.size)
      if endA < part.a.upperBound, endB < part.b.upperBound {
        pending.append((endA..<part.a.upperBound, endB..<part.b.upperBound))
      }
    }
    matched = total
    ratio = a.isEmpty && b.isEmpty ? 1 : 2 * Double(total) / Double(a.count + b.count)
  }

  private static func places(in text: CodePoints) -> [Unicode.Scalar: [Int]] {
    var places: [Unicode.Scalar: [Int]] = [:]
    for (place, scalar) in text.enumerated() { places[scalar, default: []].append(place) }
    return places
  }

  private struct Match {
    var a: Int
    var b: Int
    var size: Int
  }

  /// The longest run both parts share, the earliest in `a` and then in `b`; `lengths` is all 0 before and after.
  private static func longest(
    _ a: CodePoints, _ b: CodePoints, _ inA: Range<Int>, _ inB: Range<Int>, _ places: [Unicode.Scalar: [Int]],
    _ lengths: inout [Int]
  ) -> Match {
    var best = Match(a: inA.lowerBound, b: inB.lowerBound, size: 0)
    var last: [Int] = []
    for i in inA {
      let here = (places[a[i]] ?? []).filter { inB.contains($0) }
      // From the right, so that the length at j - 1 is still the one of the row before.
      let grown = here.map { j in (j, (j > inB.lowerBound ? lengths[j - 1] : 0) + 1) }
      for j in last { lengths[j] = 0 }
      for (j, length) in grown {
        lengths[j] = length
        if length > best.size { best = Match(a: i - length + 1, b: j - length + 1, size: length) }
      }
      last = here
    }
    for j in last { lengths[j] = 0 }
    // Popular characters begin no match but may widen one.
    while best.a > inA.lowerBound, best.b > inB.lowerBound, a[best.a - 1] == b[best.b - 1] {
      best = Match(a: best.a - 1, b: best.b - 1, size: best.size + 1)
    }
    while best.a + best.size < inA.upperBound, best.b + best.size < inB.upperBound,
      a[best.a + best.size] == b[best.b + best.size]
    {
      best.size += 1
    }
    return best
  }
}
