/// How a token is chosen from the logits.
public struct Sampling: Hashable, Sendable {
  /// 0 takes the likeliest token.
  public var temperature: Double
  /// Keeps the likeliest tokens whose probabilities reach this sum; 1 keeps all.
  public var topP: Double
  /// Keeps this many of the likeliest tokens; 0 keeps all.
  public var topK: Int
  /// Key of the noise; the same seed gives every configuration the same noise.
  public var seed: UInt64

  public init(temperature: Double = 0, topP: Double = 1, topK: Int = 0, seed: UInt64 = 0) {
    self.temperature = temperature
    self.topP = topP
    self.topK = topK
    self.seed = seed
  }

  public static let greedy = Sampling()
}
