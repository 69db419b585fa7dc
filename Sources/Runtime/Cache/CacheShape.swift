import KernelABI

/// The sizes that a cache and its method need to know of a model.
public struct CacheShape: Equatable, Sendable {
  public let layers: Int
  public let kvHeads: Int
  /// Query heads that share one KV head.
  public let groupHeads: Int
  public let headDim: Int
  /// Element of exact keys and values: half precision, or single in the reference precision.
  public let element: FloatElement
  /// The sliding window of each layer in tokens of the text, nil for a layer that attends to all; empty if none has one.
  public var windows: [Int?] = []

  public init(layers: Int, kvHeads: Int, groupHeads: Int, headDim: Int, element: FloatElement = .float16) {
    self.layers = layers
    self.kvHeads = kvHeads
    self.groupHeads = groupHeads
    self.headDim = headDim
    self.element = element
  }

  /// Bytes of one uncompressed token in one layer, keys and values of all heads.
  public var tokenBytes: Int { 2 * kvHeads * headDim * element.bytes }
}
