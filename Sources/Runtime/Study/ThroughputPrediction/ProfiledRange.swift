/// Where a profile has points: what can be predicted without going beyond them.
public struct ProfiledRange: Sendable, Equatable {
  /// Requests that decode together.
  public let batches: ClosedRange<Int>
  /// Tokens cached in decode.
  public let cached: ClosedRange<Int>
  /// New tokens of a prefill.
  public let chunks: ClosedRange<Int>

  /// nil if a stage has no points.
  public init?(_ profile: LayerProfile) {
    func span(_ numbers: [Int]) -> ClosedRange<Int>? {
      guard let low = numbers.min(), let high = numbers.max() else { return nil }
      return low...high
    }
    guard let batches = span(profile.decode.map(\.batch)), let cached = span(profile.decode.map(\.cached)),
      let chunks = span(profile.prefill.map(\.chunk))
    else { return nil }
    self.batches = batches
    self.cached = cached
    self.chunks = chunks
  }

  /// The largest excess beyond a profile for which an estimate is still given.
  public static let reach = 2.0

  /// How many times as large as the largest profiled a request is; 1 within.
  static func excess(_ asked: Int, _ profiled: ClosedRange<Int>) -> Double {
    asked <= profiled.upperBound ? 1 : Double(asked) / Double(profiled.upperBound)
  }
}
