/// The prefill slot of methods whose tokens leave between layers: which tokens each layer computes, in the prompt and in
/// every decode step. An immutable value; what it remembers is a state made per sequence.
public protocol TokenFlow: Sendable {
  /// - Throws: `RuntimeProblem` K305 if the method does not fit the model.
  func check(shape: CacheShape) throws
  /// - Parameter hidden: elements of a hidden state.
  func makeState(shape: CacheShape, hidden: Int) -> any FlowState
  /// The most bytes that the state of a text takes beside the layers' caches; for forecasts of memory.
  func mostBytes(tokens: Int, shape: CacheShape, hidden: Int) -> Int
}

/// What a token flow remembers of one sequence. Used by one thread only, between a layer's tasks.
///
/// For each pass: `begin`, then layer by layer `enter`, `take` for each token that came back, `observe` if it wants
/// weights, `stay` and `park` for each token that leaves. A prompt comes in one pass.
public protocol FlowState: AnyObject {
  /// A pass with these new tokens, by their positions in the text, begins.
  func begin(_ tokens: Range<Int>)

  /// A layer is about to be computed for the tokens at `positions`, ascending: positions of those that are to be
  /// computed beside them, ascending. Each token enters a layer once, and before the newest.
  func enter(layer: Int, positions: [Int]) -> [Int]

  /// Writes the hidden state [hidden] with which a token comes back into a layer.
  func take(layer: Int, position: Int, into hidden: UnsafeMutablePointer<Float>)

  /// Position of each slot of a layer's cache.
  func positions(layer: Int) -> [Int32]

  /// Whether queries of this pass see each slot of a layer's cache that is not behind them; nil if they see all slots and
  /// none is behind the newest.
  func visible(layer: Int) -> [Bool]?

  /// The newest so many queries whose weights `observe` is told of, 0 for none.
  func observedQueries(layer: Int) -> Int

  /// Attention weights over a layer's slots [queries, slots], the newest query last: means over all query heads.
  func observe(layer: Int, weights: [Float], queries: Int)

  /// A layer has been computed for the tokens at `positions`: which of them go on, or nil for all. The newest always does.
  func stay(layer: Int, positions: [Int]) -> [Bool]?

  /// A token leaves behind a layer with this hidden state [hidden], the layer's output.
  func park(layer: Int, position: Int, hidden: UnsafePointer<Float>)

  /// What is held beside the layers' caches.
  var bytes: ByteCount { get }
}
