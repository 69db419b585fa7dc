import KernelABI

/// The cache of one sequence: all layers, made for one configuration, owned by whoever runs the sequence.
public final class SequenceCache {
  public let compressor: Compressor
  let layers: [LayerCache]
  /// Tokens of the text so far; the position of the next one.
  public internal(set) var seenTokens = 0
  /// The most bytes held at once so far.
  public private(set) var peakBytes = 0
  private var layerBytes: [Int]

  /// - Throws: `RuntimeProblem` K305 if the method does not fit the shape.
  init(_ compressor: Compressor, shape: CacheShape, kernels: KernelTable, rotary: RotaryTable? = nil) throws {
    try compressor.check(shape: shape)
    self.compressor = compressor
    layers = (0..<shape.layers).map {
      LayerCache(layer: $0, shape: shape, slots: compressor.slots, kernels: kernels, rotary: rotary)
    }
    layerBytes = [Int](repeating: 0, count: shape.layers)
  }

  var prefillRule: PrefillRule { compressor.slots.prefill ?? .full }

  /// Notes what one layer held at most and holds now, while the other layers hold what they did.
  func noteBytes(layer: Int) {
    let others = layerBytes.reduce(0, +) - layerBytes[layer]
    peakBytes = max(peakBytes, others + layers[layer].takePeakBytes())
    layerBytes[layer] = layers[layer].bytes.held
  }

  /// Notes a decode step: what was held at most and what was read.
  func noteStep() {
    var held = 0
    var read = 0
    var extra = 0
    for layer in layers {
      let bytes = layer.bytes
      held += bytes.held
      read += bytes.read
      // Layers pack one after the other, so only the largest surplus counts.
      extra = max(extra, layer.takePeakBytes() - bytes.held)
    }
    peakBytes = max(peakBytes, held + extra)
    readBytes += read
    steps += 1
  }

  /// Bytes of keys and values that decode steps have read, all layers, and how many steps there were.
  public private(set) var readBytes = 0
  public private(set) var steps = 0

  /// What is held now.
  public var bytes: ByteCount { layers.reduce(ByteCount()) { $0 + $1.bytes } }

  /// Positions kept by a head, in slot order.
  public func positions(layer: Int, head: Int) -> [Int32] { layers[layer].positions(head: head) }
}
