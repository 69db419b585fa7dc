/// Statistics of attention that a rule for keeping tokens asks for; nothing is computed unasked.
public struct AttentionNeeds: Equatable, Sendable {
  /// Per key, the attention weights of the prompt's queries summed (mean over the group's query heads).
  public enum ColumnSums: Equatable, Sendable {
    /// The weights that attention itself used.
    case causal
    /// Weights over all keys, later ones too, the mask applied in the last `window` rows and columns only.
    case cornerMasked(window: Int)
  }

  public var columnSums: ColumnSums?
  /// Per key, the weights of each decode step's query (mean over the group's query heads).
  public var stepWeights = false

  public init(columnSums: ColumnSums? = nil, stepWeights: Bool = false) {
    self.columnSums = columnSums
    self.stepWeights = stepWeights
  }
}

/// The keep slot: which tokens stay. An immutable value; what it remembers is made anew for each layer of each sequence.
public protocol KeepPolicy: Sendable {
  var needs: AttentionNeeds { get }
  /// Whether tokens leave after the prompt, and not only at its end.
  var removesWhileDecoding: Bool { get }
  /// Whether all heads of a layer keep the same tokens, so that one table of positions serves them.
  var sharesSlots: Bool { get }
  func makeState(shape: CacheShape, layer: Int) -> any KeepState
  /// The most tokens a head keeps of a text of `tokens` tokens, `prompt` of them its prompt; for forecasts of memory.
  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int
}

/// What a keep policy remembers of one layer of one sequence.
///
/// Heads may be served at the same time; state of one head is touched by one thread only.
public protocol KeepState: AnyObject {
  /// The layer's prompt has been attended: the slots to keep, ascending, or nil for all of them.
  func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]?

  /// Attention weights [slots] of the step just attended; called before `slotToDrop` if `stepWeights` are needed.
  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int)

  /// A step has been attended: the slot to drop, or nil. The last slot moves into the place of the dropped one.
  func slotToDrop(head: Int, _ view: HeadView) -> Int?

  /// Tokens a head can hold before the first one leaves in decoding, or nil if that cannot be said beforehand.
  var capacityTokens: Int? { get }

  /// Bytes this state needs for the tokens it holds.
  var metadataBytes: Int { get }
}

extension KeepState {
  public func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {}
  public func slotToDrop(head: Int, _ view: HeadView) -> Int? { nil }
  public var capacityTokens: Int? { nil }
  public var metadataBytes: Int { 0 }
}

/// What a keep policy may see of one KV head.
public struct HeadView {
  /// Position of each slot.
  public let positions: [Int32]
  /// Column sums [slots] of the prompt, if asked for; empty otherwise.
  public let columnSums: [Float]
  /// Tokens of the text so far.
  public let seenTokens: Int
}
