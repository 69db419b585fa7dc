/// From which length on a configuration is faster, out of as few measured lengths as will tell.
///
/// Lengths double from the least to the greatest and all of these are measured, as "from here on" is said of every longer
/// one; then the border is halved. Each answer rests on measured lengths alone.
public struct BreakEvenSearch: Equatable, Sendable {
  public let least: Int
  public let greatest: Int
  /// The border is known well enough when it lies within this share of its length...
  public var resolution = 0.1
  /// ...or within this many tokens, of which every length in between is a multiple.
  public var grain = 16

  /// Lengths are cut to 1 and up; a greatest below the least is the least.
  public init(least: Int, greatest: Int) {
    self.least = max(1, least)
    self.greatest = max(self.least, greatest)
  }

  /// Doubled from the least on, the greatest included.
  public var doubled: [Int] {
    var lengths = [least]
    while let last = lengths.last, last < greatest {
      lengths.append(last > greatest / 2 ? greatest : last * 2)
    }
    return lengths
  }

  /// - Parameter measure: the verdict at a length; nil ends the search there, as for want of memory.
  public func run(_ measure: (_ tokens: Int) throws -> SpeedVerdict?) rethrows -> BreakEven {
    var verdicts: [Int: SpeedVerdict] = [:]
    for tokens in doubled {
      guard let verdict = try measure(tokens) else { break }
      verdicts[tokens] = verdict
    }
    while let (low, high) = BreakEven(verdicts).border, high - low > max(grain, Int(resolution * Double(high))) {
      let middle = (low + high) / 2 / grain * grain
      guard middle > low, middle < high, let verdict = try measure(middle) else { break }
      verdicts[middle] = verdict
    }
    return BreakEven(verdicts)
  }
}

/// What measured lengths say about where a configuration begins to pay.
public struct BreakEven: Equatable, Sendable {
  /// Ascending.
  public let verdicts: [(tokens: Int, verdict: SpeedVerdict)]

  public init(_ verdicts: [Int: SpeedVerdict]) {
    self.verdicts = verdicts.sorted { $0.key < $1.key }.map { ($0.key, $0.value) }
  }

  /// The least measured length from which on it is faster at every measured one; nil if it is not at the greatest.
  public var from: Int? { verdicts.reversed().prefix { $0.verdict == .faster }.last?.tokens }

  /// The greatest measured length below `from` at which it is not faster; nil if there is none.
  public var notAt: Int? {
    guard let from else { return nil }
    return verdicts.last { $0.tokens < from }?.tokens
  }

  /// The two lengths between which it begins to pay.
  var border: (low: Int, high: Int)? {
    guard let from, let notAt else { return nil }
    return (notAt, from)
  }

  public static func == (a: BreakEven, b: BreakEven) -> Bool {
    a.verdicts.elementsEqual(b.verdicts) { $0.tokens == $1.tokens && $0.verdict == $1.verdict }
  }
}
