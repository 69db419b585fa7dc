/// Bits that a slot's numbers take, codes alone: scales, corrections and positions are counted in bytes elsewhere.
public struct StoredBits: Equatable, Sendable {
  /// Bits of one number of the key.
  public var key: Double
  /// Bits of one number of the value.
  public var value: Double

  public init(key: Double, value: Double) {
    self.key = key
    self.value = value
  }
}
