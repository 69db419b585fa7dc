/// Any value of the language.
public enum Value: Sendable {
  case `nil`
  case bool(Bool)
  case int(Int)
  case float(Double)
  case string(String)
  case list([Value])
  indirect case record(Record)
  case table(Table)
  indirect case range(IntRange)
  case function(FunctionValue)
  /// A share of a whole, 1 being all of it: the literal `30%` is `.share(0.3)`.
  case share(Double)
  /// A size in bytes: the literal `64MiB`.
  case bytes(Int)
  indirect case object(any LangObject)
}

/// Whole numbers from `first` to `last`, both included, `step` apart; `step` is never 0.
public struct IntRange: Hashable, Sendable {
  public let first: Int
  public let last: Int
  public let step: Int

  public init(first: Int, last: Int, step: Int = 1) {
    self.first = first
    self.last = last
    self.step = step == 0 ? 1 : step
  }

  /// How many numbers the range has, saturating at `Int.max`.
  public var count: Int {
    if step > 0 ? first > last : first < last { return 0 }
    let (low, high) = step > 0 ? (first, last) : (last, first)
    let (distance, overflow) = high.subtractingReportingOverflow(low)
    if overflow || step == Int.min { return overflow ? Int.max : 1 }
    let steps = distance / abs(step)
    return steps == Int.max ? Int.max : steps + 1
  }

  /// Number `index` (from 0); the caller keeps `index` below `count`.
  public subscript(index: Int) -> Int { first &+ index &* step }
}
