/// The settings of KVQuant.
public struct BookSettings: Equatable, Hashable, Sendable {
  /// How the levels are found.
  public enum Levels: String, Sendable, CaseIterable {
    /// By k-means over the calibration's numbers.
    case nuq
    /// Quantiles of the normal distribution.
    case nf
    /// Equal distances.
    case uniform
  }

  public let bits: Int
  /// Share of the numbers kept exactly, half from each end.
  public let outlier: Double
  /// First tokens of a text kept exactly.
  public let sink: Int
  public let levels: Levels
  /// Whether restored numbers are given the mean and the deviation of the calibration's.
  public let normalises: Bool
  /// Most outliers of a token's keys at each end; nil for all of them.
  public let cap: Int?

  public init(bits: Int, outlier: Double, sink: Int, levels: Levels, normalises: Bool, cap: Int? = nil) {
    self.bits = bits
    self.outlier = outlier
    self.sink = sink
    self.levels = levels
    self.normalises = normalises
    self.cap = cap
  }

  /// The quantile of the upper threshold; the lower one is as far from 0.
  public var quantile: Double { 1 - outlier / 2 }
}
