import KernelABI

/// The questions a method answers (DESIGN 1); a slot left nil is the uncompressed cache's answer.
public struct Slots: Sendable {
  /// Which tokens of a prompt reach the model.
  public var prompt: (any PromptRewriter)?
  /// Which tokens stay.
  public var keep: (any KeepPolicy)?
  /// What becomes of a token that is not kept.
  public var dispose: (any Disposer)?
  /// How kept tokens are stored.
  public var codec: (any Codec)?
  /// Which layers hold their tokens together.
  public var share: (any SharePolicy)?
  /// Which stored tokens a decode query reads.
  public var select: (any Selector)?
  /// Which angle a key is seen at once tokens before it have left.
  public var positions: PositionRule?
  /// How the prompt attends to itself.
  public var prefill: PrefillRule?
  /// Which tokens each layer computes: the prefill slot of methods whose tokens leave between layers.
  public var flow: (any TokenFlow)?

  public init(
    prompt: (any PromptRewriter)? = nil, keep: (any KeepPolicy)? = nil, dispose: (any Disposer)? = nil,
    codec: (any Codec)? = nil, positions: PositionRule? = nil, prefill: PrefillRule? = nil,
    select: (any Selector)? = nil, share: (any SharePolicy)? = nil, flow: (any TokenFlow)? = nil
  ) {
    self.prompt = prompt
    self.keep = keep
    self.dispose = dispose
    self.codec = codec
    self.select = select
    self.share = share
    self.positions = positions
    self.prefill = prefill
    self.flow = flow
  }

  /// The filled slots by name.
  var filled: [String] {
    var names: [String] = []
    if prompt != nil { names.append("prompt") }
    if keep != nil { names.append("keep") }
    if dispose != nil { names.append("dispose") }
    if codec != nil { names.append("codec") }
    if select != nil { names.append("select") }
    if share != nil { names.append("share") }
    if positions != nil { names.append("positions") }
    if prefill != nil || flow != nil { names.append("prefill") }
    return names
  }

  /// The statistics of attention that the slots ask for together.
  var needs: AttentionNeeds {
    (keep?.needs ?? AttentionNeeds()).union(dispose?.needs ?? AttentionNeeds())
      .union(codec?.needs ?? AttentionNeeds())
  }
}

extension Slots {
  /// The stores of all layers of one sequence, the first layer's first.
  func makeStores(
    shape: CacheShape, kernels: KernelTable, memory: EngineMemory = .inPlace
  ) -> [any LayerStore] {
    func own(_ layer: Int) -> any LayerStore {
      codec?.makeStore(shape: shape, layer: layer, kernels: kernels) ?? memory.makeStore(shape: shape, kernels: kernels)
    }
    return share?.makeStores(shape: shape, kernels: kernels, own: own) ?? (0..<shape.layers).map(own)
  }
}

/// The codec slot: makes the store of one layer of one sequence.
public protocol Codec: Sendable {
  /// Whether single tokens can leave its store while decoding.
  var removesTokens: Bool { get }
  /// Whether single values of its store can be replaced.
  var replacesValues: Bool { get }
  /// The statistics of attention that it asks for; `LayerStore.observePrompt` hands them over.
  var needs: AttentionNeeds { get }
  /// - Throws: `RuntimeProblem` K305 if the format does not fit the model.
  func check(shape: CacheShape) throws
  func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore
  /// The most bytes one layer of a text of `tokens` tokens takes; for forecasts of memory.
  func mostBytes(tokens: Int, shape: CacheShape) -> Int
  /// The most bytes that packing one layer of such a text works in beside them.
  func mostPackingBytes(tokens: Int, shape: CacheShape) -> Int
}

extension Codec {
  public var needs: AttentionNeeds { AttentionNeeds() }
  public var replacesValues: Bool { false }
}

/// Where a key stands for a later query.
public enum PositionRule: String, Sendable {
  /// At its place in the text.
  case keep
  /// At its place among the kept tokens, so that positions never exceed the budget.
  case renumber
}

/// How the prompt attends to itself.
public enum PrefillRule: Sendable, Equatable {
  /// Every query sees every earlier token; the method acts at the end.
  case full
  /// One query at a time, the method acting after each, as in decoding.
  case stream
  /// So many tokens at a time, the method acting after each block, so that later blocks see what it kept.
  case blocks(Int)
}
