/// Statistics of attention that a rule for keeping tokens asks for; nothing is computed unasked.
public struct AttentionNeeds: OptionSet, Sendable {
  public let rawValue: Int
  public init(rawValue: Int) { self.rawValue = rawValue }

  /// Per key, the attention weights of all prompt queries summed (mean over the group's query heads).
  public static let columnSums = AttentionNeeds(rawValue: 1 << 0)
  /// Per key, the weights of each decode step's query (mean over the group's query heads).
  public static let stepWeights = AttentionNeeds(rawValue: 1 << 1)
  /// Column sums over queries that also see later keys (the artifact's missing causal mask).
  public static let uncausalColumnSums = AttentionNeeds(rawValue: 1 << 2)
}

/// The keep slot: which tokens stay. An immutable value; what it remembers is made anew for each layer of each sequence.
public protocol KeepPolicy: Sendable {
  var needs: AttentionNeeds { get }
  /// Whether tokens leave after the prompt, and not only at its end.
  var removesWhileDecoding: Bool { get }
  func makeState(shape: CacheShape, layer: Int) -> any KeepState
}

/// What a keep policy remembers of one layer of one sequence.
public protocol KeepState: AnyObject {
  /// The layer's prompt has been attended: the slots to keep, ascending, or nil for all of them.
  func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]?

  /// A decode step has been attended (the newest token is the last slot): the slot to drop, or nil.
  ///
  /// Called again after each drop until it returns nil.
  func slotToDrop(head: Int, _ view: HeadView) -> Int?

  /// Attention weights [slots] of the step just attended; called before `slotToDrop` if `stepWeights` are needed.
  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int)

  /// Bytes this state needs for the tokens it holds.
  var metadataBytes: Int { get }
}

extension KeepState {
  public func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {}
  public func slotToDrop(head: Int, _ view: HeadView) -> Int? { nil }
  public var metadataBytes: Int { 0 }
}

/// What a keep policy may see of one KV head.
public struct HeadView {
  /// Position of each slot.
  public let positions: [Int32]
  /// Column sums [slots] of the prompt, if asked for.
  public let columnSums: [Float]
  public let promptTokens: Int
}
