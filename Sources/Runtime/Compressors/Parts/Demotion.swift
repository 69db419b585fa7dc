/// Tokens that are not kept stay in fewer bits: the store's lower tier takes them, once and for good (sheet mikv).
struct Demotion: Disposer {
  var needs: AttentionNeeds { AttentionNeeds() }
  var demotes: Bool { true }
  func makeState(shape: CacheShape, layer: Int) -> any DisposeState { State() }

  /// The store moves the tokens, so there is nothing to remember.
  private final class State: DisposeState {
    func leavePrompt(head: Int, kept: [Int], _ view: HeadView) {}
    func leave(head: Int, slot: Int, _ view: HeadView) {}
  }
}
