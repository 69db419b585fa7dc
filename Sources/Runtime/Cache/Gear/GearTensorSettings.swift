/// The settings of GEAR's variant A.
public struct GearTensorSettings: Equatable, Sendable {
  public let bits: Int
  /// Fraction of the numbers kept exactly, half from each end.
  public let outlier: Double
  /// Rank as a fraction of the smaller side of the error matrix.
  public let rank: Double
  public let loops: Int
  /// Decode tokens between compressions.
  public let interval: Int
  public let seed: Int

  public init(bits: Int, outlier: Double, rank: Double, loops: Int, interval: Int, seed: Int) {
    self.bits = bits
    self.outlier = outlier
    self.rank = rank
    self.loops = loops
    self.interval = interval
    self.seed = seed
  }

  public func outliersPerEnd(numbers: Int) -> Int { Int(Double(numbers) * outlier / 2) }
  public func rank(tokens: Int, channels: Int) -> Int { Int(rank * Double(min(tokens, channels))) }
}
