import Foundation

/// Two configurations over the same samples: the difference, how sure it is, and how many samples would settle it.
public struct PairedComparison: Equatable, Sendable {
  public let count: Int
  public let firstMean: Double
  public let secondMean: Double
  /// mean(second) - mean(first) with its paired bootstrap interval.
  public let difference: IntervalEstimate
  public let test: SignTest
  /// Whether the interval leaves 0 out.
  public let isDecided: Bool
  /// Pairs at which a difference of this size would be told four times in five; nil if it is decided, or exactly 0.
  public let neededPairs: Int?

  /// Throws `K627` (lists differ in length), `K620`, `K621`, `K622`.
  public init(_ first: [Double], _ second: [Double], bootstrap: PairedBootstrap = PairedBootstrap()) throws {
    test = try SignTest(first, second)
    difference = try bootstrap.meanDifference(second, first)
    count = first.count
    firstMean = try SampleMoments(first).mean
    secondMean = try SampleMoments(second).mean
    if let low = difference.low, let high = difference.high {
      isDecided = low > 0 || high < 0
    } else {
      isDecided = false
    }
    let spread = try SampleMoments(zip(first, second).map { $1 - $0 }).sampleStandardDeviation
    guard !isDecided, difference.value != 0, spread > 0 else {
      neededPairs = nil
      return
    }
    // n = ((z of the level + z of the power) s / d)^2, the normal approximation for paired means.
    let z = StandardNormal.quantile((1 + bootstrap.level) / 2) + StandardNormal.quantile(Self.power)
    let pairs = pow(z * spread / difference.value, 2).rounded(.up)
    neededPairs = pairs < 1e15 ? max(Int(pairs), count + 1) : nil
  }

  /// The chance of telling a difference that is there, for `neededPairs`.
  static let power = 0.8
}
