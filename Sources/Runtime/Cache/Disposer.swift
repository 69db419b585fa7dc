/// The dispose slot: what becomes of a token that is not kept; without one it is dropped.
public protocol Disposer: Sendable {
  var needs: AttentionNeeds { get }
  /// Whether a token that is not kept stays in fewer bits, so that the codec's lower tier takes it and nothing is dropped.
  var demotes: Bool { get }
  func makeState(shape: CacheShape, layer: Int) -> any DisposeState
}

/// What a disposer remembers of one layer of one sequence; state of one head is touched by one thread only.
public protocol DisposeState: AnyObject {
  /// The prompt has been attended: its slots but `kept`, ascending, are about to leave a KV head.
  func leavePrompt(head: Int, kept: [Int], _ view: HeadView)

  /// Nothing leaves at the end of the prompt.
  func keepPrompt(head: Int, _ view: HeadView)

  /// Attention weights [slots] of the step just attended; called before `leave` if they are needed.
  func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int)

  /// A slot is about to leave a KV head after a step; the last slot moves into its place.
  func leave(head: Int, slot: Int, _ view: HeadView)

  /// Bytes this state needs for the tokens it holds.
  var metadataBytes: Int { get }
}

extension Disposer {
  public var demotes: Bool { false }
}

extension DisposeState {
  public func keepPrompt(head: Int, _ view: HeadView) {}
  public func observeStep(head: Int, weights: UnsafePointer<Float>, count: Int) {}
  public var metadataBytes: Int { 0 }
}
