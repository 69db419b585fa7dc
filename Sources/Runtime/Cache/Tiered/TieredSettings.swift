/// The settings of a cache with two tiers of precision.
public struct TieredSettings: Equatable, Sendable {
  /// Bits of important tokens; 16 for exact ones.
  public let highBits: Int
  /// Bits of demoted tokens.
  public let lowBits: Int
  /// Channels that share a scale; nil for half of a head, if that fills the kernels' 32 lanes.
  public let group: Int?
  /// Whether keys of demoted tokens are multiplied by the channel balancer.
  public let balances: Bool
  /// Share of tokens in the upper tier, for forecasts of memory.
  public let upperShare: Double

  public init(highBits: Int, lowBits: Int, group: Int?, balances: Bool, upperShare: Double) {
    self.highBits = highBits
    self.lowBits = lowBits
    self.group = group
    self.balances = balances
    self.upperShare = upperShare
  }

  /// Channels that share a scale in heads of `headDim` channels.
  func group(headDim: Int) -> Int { group ?? (headDim % 64 == 0 ? headDim / 2 : headDim) }
}
