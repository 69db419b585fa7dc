/// How much of a cache to keep: tokens per head, a share of the prompt, or bytes over all layers.
public enum Budget: Equatable, Sendable, Hashable {
  case tokens(Int)
  /// Share kept, 0...1.
  case share(Double)
  case bytes(Int)

  /// Tokens per head for a prompt of the given length; a share is rounded down, at least one token stays.
  ///
  /// `metadataBytes` are the method's own bytes per token and layer.
  public func tokens(prompt: Int, shape: CacheShape, metadataBytes: Int = 0) -> Int {
    switch self {
    case .tokens(let count): max(1, count)
    case .share(let share): max(1, Int((Double(prompt) * min(max(share, 0), 1) + 1e-9).rounded(.down)))
    case .bytes(let bytes): max(1, bytes / max(1, shape.layers * (shape.tokenBytes + metadataBytes)))
    }
  }
}

extension Budget: CustomStringConvertible {
  public var description: String {
    switch self {
    case .tokens(let count): "\(count)"
    // Ten decimals: 57% is not 56.99999999999999%, and 1 - 0.7 is 30%.
    case .share(let share): "\(ParameterValue.float((share * 1e12).rounded() / 1e10))%"
    case .bytes(let bytes): bytes % (1 << 20) == 0 ? "\(bytes >> 20)MiB" : "\(bytes)B"
    }
  }
}
