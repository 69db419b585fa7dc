/// The keep slot: which tokens stay. An immutable value; what it remembers is made anew for each layer of each sequence.
public protocol KeepPolicy: Sendable {
  var needs: AttentionNeeds { get }
  /// Whether tokens leave after the prompt, and not only at its end.
  var removesWhileDecoding: Bool { get }
  /// Whether all heads of a layer keep the same tokens, so that one table of positions can serve them.
  var sharesSlots: Bool { get }
  /// Whether tokens are scored, or else chosen by their place alone.
  var ranksTokens: Bool { get }
  func makeState(shape: CacheShape, layer: Int) -> any KeepState
  /// The most tokens a head keeps of a text of `tokens` tokens, `prompt` of them its prompt; for forecasts of memory.
  func mostTokens(prompt: Int, tokens: Int, shape: CacheShape) -> Int
}

extension KeepPolicy {
  public var ranksTokens: Bool { true }
}

/// What a keep policy remembers of one layer of one sequence.
///
/// Heads may be served at the same time; state of one head is touched by one thread only. A head stands here for a
/// table of slots: one KV head, or all of them where they keep the same tokens.
public protocol KeepState: AnyObject {
  /// The layer's prompt, or a block of it, has been attended: scores one head's tokens. Heads run at the same time.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func scorePrompt(_ view: HeadView) throws

  /// All heads are scored: the slots to keep of each, ascending, or nil for all of them.
  ///
  /// Implement this one to weigh heads against each other, the one below to look at each head alone.
  func slotsAfterPrefill(_ views: [HeadView]) -> [[Int]?]

  /// The slots to keep of one head, ascending, or nil for all of them.
  func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]?

  /// Attention weights [slots] of the step just attended, by KV head; called before `slotToDrop` if they are needed.
  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int)

  /// A step has been attended: the slot to drop, or nil. The last slot moves into the place of the dropped one; asked
  /// again until there is none.
  ///
  /// - Throws: `RuntimeProblem` K602 if a score is not a finite number.
  func slotToDrop(head: Int, _ view: HeadView) throws -> Int?

  /// What a head's tokens are about to be chosen by, or were after a step, for inspection; nil if it cannot be said.
  ///
  /// Asked between `scorePrompt` and `slotsAfterPrefill`, and after steps of a policy that removes while decoding.
  func ranking(_ view: HeadView) -> TokenRanking?

  /// Takes over what another state of the same policy and layer remembers; false, and nothing is changed, if it cannot.
  func copy(_ other: any KeepState) -> Bool

  /// Tokens a head can hold before the first one leaves in decoding, or nil if that cannot be said beforehand.
  var capacityTokens: Int? { get }

  /// Bytes this state needs for the tokens it holds.
  var metadataBytes: Int { get }
}

extension KeepState {
  public func scorePrompt(_ view: HeadView) throws {}
  public func slotsAfterPrefill(_ views: [HeadView]) -> [[Int]?] {
    views.map { slotsAfterPrefill(head: $0.head, $0) }
  }
  public func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? { nil }
  public func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {}
  public func slotToDrop(head: Int, _ view: HeadView) throws -> Int? { nil }
  public func ranking(_ view: HeadView) -> TokenRanking? { nil }
  public func copy(_ other: any KeepState) -> Bool { false }
  public var capacityTokens: Int? { nil }
  public var metadataBytes: Int { 0 }
}
