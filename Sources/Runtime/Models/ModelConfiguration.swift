/// The sizes and constants of a decoder of the Llama family.
public struct ModelConfiguration: Equatable, Sendable {
  /// Which channels of a head form a rotating pair.
  public enum RotaryPairs: Sendable {
    /// Channels 2i and 2i + 1 (GGUF's Llama layout).
    case adjacent
    /// Channels i and i + half of those that rotate.
    case halves
  }

  public var layers: Int
  public var hidden: Int
  public var feedForward: Int
  public var queryHeads: Int
  public var kvHeads: Int
  public var headDim: Int
  public var vocabulary: Int
  public var contextTokens: Int
  public var normEpsilon: Float
  public var rotaryBase: Float
  public var rotaryPairs: RotaryPairs
  /// Channels of a head that rotate, the first ones; nil for all of them.
  public var rotaryChannels: Int? = nil
  /// The sliding window of each layer in tokens, nil for a layer that attends to all; empty if none has one.
  public var windows: [Int?] = []

  public var groupHeads: Int { queryHeads / kvHeads }
  /// Channels of a head that rotate.
  public var rotaryDim: Int { rotaryChannels ?? headDim }
}
