import KernelABI

/// The cache of one sequence: all layers, made for one configuration, owned by whoever runs the sequence.
public final class SequenceCache {
  public let compressor: Compressor
  private let held: HeldObjects<LayerCache>
  /// Tokens of the text so far; the position of the next one.
  public internal(set) var seenTokens = 0
  /// The most bytes held at once so far.
  public var peakBytes: Int { shards.reduce(ownPeakBytes) { $0 + $1.peakBytes } }
  private var ownPeakBytes = 0
  private var layerBytes: [Int]

  /// - Throws: `RuntimeProblem` K305 if the method does not fit the shape, or its codec has learnt nothing yet; K680 if the
  ///   engine cannot serve it.
  init(
    _ compressor: Compressor, shape: CacheShape, kernels: KernelTable, rotary: RotaryTable? = nil,
    memory: EngineMemory = .inPlace
  ) throws {
    try compressor.check(shape: shape)
    try memory.engine.check(compressor)
    if compressor.slots.codec is any CalibratedCodec {
      throw RuntimeProblem(
        "K305", seen: "\(compressor.label) has not been calibrated", expected: "a codec calibrated on this model")
    }
    self.compressor = compressor
    let stores = compressor.slots.makeStores(shape: shape, kernels: kernels, memory: memory)
    held = HeldObjects(
      stores.enumerated().map { layer, store in
        LayerCache(
          layer: layer, shape: shape, slots: compressor.slots, kernels: kernels, rotary: rotary, store: store,
          engine: memory.engine)
      })
    layerBytes = [Int](repeating: 0, count: shape.layers)
  }

  var layers: [LayerCache] { held.objects }

  /// A layer's cache, for a step, which counts no references.
  func layer(_ index: Int) -> Uncounted<LayerCache> { held[index] }

  /// The caches of the other ranks' heads, if the model is split.
  var shards: [SequenceCache] = []

  var prefillRule: PrefillRule { compressor.slots.prefill ?? .full }

  /// What decides between layers which tokens go on; nil if all do.
  private(set) var flow: (any FlowState)?

  /// - Parameter hidden: elements of the model's hidden states.
  func startFlow(hidden: Int) {
    guard let rule = compressor.slots.flow, let shape = layers.first?.shape else { return }
    let flow = rule.makeState(shape: shape, hidden: hidden)
    self.flow = flow
    for layer in layers { layer.flow = flow }
  }

  /// Notes what one layer held at most and holds now, while the other layers hold what they did.
  func noteBytes(layer: Int) {
    // A layer that shares may have changed what the ones before it hold.
    if compressor.slots.share != nil { for index in 0..<layer { layerBytes[index] = layers[index].bytes.held } }
    let others = layerBytes.reduce(0, +) - layerBytes[layer]
    ownPeakBytes = max(ownPeakBytes, others + layers[layer].takePeakBytes() + (flow?.bytes.held ?? 0))
    layerBytes[layer] = layers[layer].bytes.held
  }

  /// Tokens of the prompt that reached the model, once it is filled: all, unless the prompt slot left some out.
  public internal(set) var keptTokens = 0

  /// Begins with the first tokens of another sequence of the same engine, in the pages that hold them already.
  ///
  /// The texts have to agree in them; for caches in pages without methods, whose tokens nothing but the text decides.
  func adopt(prefix tokens: Int, of other: SequenceCache) {
    guard seenTokens == 0, tokens <= other.seenTokens else { return }
    for (own, theirs) in zip(layers, other.layers) { own.adopt(prefix: tokens, of: theirs) }
    for (own, theirs) in zip(shards, other.shards) { own.adopt(prefix: tokens, of: theirs) }
    seenTokens = tokens
  }

  /// Takes over what another cache of the same configuration and engine holds after its prompt, in memory of its own, as if
  /// the text had been read again: it attends alike, and counts the same bytes.
  ///
  /// - Returns: false if a part of the method cannot be copied; the cache is then unusable.
  func copy(_ other: SequenceCache) -> Bool {
    guard seenTokens == 0, flow == nil, compressor.slots.share == nil, other.steps == 0,
      zip(layers, other.layers).allSatisfy({ $0.copy($1) }), zip(shards, other.shards).allSatisfy({ $0.copy($1) })
    else { return false }
    seenTokens = other.seenTokens
    keptTokens = other.keptTokens
    layerBytes = other.layerBytes
    ownPeakBytes = other.ownPeakBytes
    return true
  }

  /// How full the pages are; nil for caches without pages.
  public var pageUse: PageUse? {
    let stores = layers.compactMap { $0.store as? PagedStore }
    guard !stores.isEmpty else { return nil }
    return shards.reduce(stores.reduce(PageUse()) { $0 + $1.use }) { $0 + ($1.pageUse ?? PageUse()) }
  }

  /// Notes bytes that were held on this sequence's behalf before it held anything itself.
  func note(peakBytes bytes: Int) { ownPeakBytes = max(ownPeakBytes, bytes) }

  /// Forgets all tokens but the first; for caches without methods.
  func cut(to tokens: Int) {
    for layer in layers { layer.cut(to: tokens) }
    for shard in shards { shard.cut(to: tokens) }
    seenTokens = min(seenTokens, tokens)
  }

  /// Forgets what one layer holds; the cache can then only be read of its peak.
  func release(layer: Int) {
    layers[layer].cut(to: 0)
    layerBytes[layer] = layers[layer].bytes.held
  }

  /// Takes tokens that have gone through all layers.
  func note(tokens: Int, isStep: Bool) {
    seenTokens += tokens
    if isStep { noteStep() }
  }

  /// Notes a decode step: what was held at most and what was read.
  private func noteStep() {
    var held = flow?.bytes.held ?? 0
    var read = 0
    var extra = 0
    self.held.each { layer in
      let bytes = layer.bytes.held
      held += bytes
      read += layer.readBytes
      // Layers pack one after the other, so only the largest surplus counts.
      extra = max(extra, layer.takePeakBytes() - bytes)
    }
    ownPeakBytes = max(ownPeakBytes, held + extra)
    ownReadBytes += read
    steps += 1
  }

  /// Bytes of keys and values that decode steps have read, all layers, and how many steps there were.
  public var readBytes: Int { shards.reduce(ownReadBytes) { $0 + $1.readBytes } }
  private var ownReadBytes = 0
  public private(set) var steps = 0

  /// What is held now.
  public var bytes: ByteCount {
    let own = layers.reduce(flow?.bytes ?? ByteCount()) { $0 + $1.bytes }
    return shards.reduce(own) { $0 + $1.bytes }
  }

  /// Positions kept by a head, in slot order.
  public func positions(layer: Int, head: Int) -> [Int32] { layers[layer].positions(head: head) }
}
