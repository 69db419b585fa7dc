@testable import Runtime

// The method that docs/adding-a-method.md adds; a test holds the page to this text.

extension MethodCard {
  /// Every n-th old token and a window of the newest: a control that looks at nothing.
  static let strided = MethodCard(
    name: "strided",
    title: "Strided tokens",
    family: .eviction,
    paper: "none; a control for methods that score tokens",
    summary: "Keeps every n-th token and the newest ones, whatever they hold.",
    parameters: [
      ParameterCard("every", .int(1...1024), default: .int(4), "distance between kept tokens"),
      ParameterCard("recent", .int(1...65536), default: .int(64), "newest tokens kept"),
    ],
    storage: .evicted
  ) { settings in
    Slots(keep: StridedTokens(every: settings.int("every") ?? 4, recent: settings.int("recent") ?? 64))
  }
}

struct StridedTokens: KeepPolicy {
  let every: Int
  let recent: Int
  var needs: AttentionNeeds { AttentionNeeds() }
  var removesWhileDecoding: Bool { false }
  var sharesSlots: Bool { true }

  func makeState(shape: CacheShape, layer: Int) -> any KeepState { State(policy: self) }

  private final class State: KeepState {
    let policy: StridedTokens
    init(policy: StridedTokens) { self.policy = policy }

    func slotsAfterPrefill(head: Int, _ view: HeadView) -> [Int]? {
      let count = view.positions.count
      guard count > policy.recent else { return nil }
      return (0..<count).filter { $0 >= count - policy.recent || $0 % policy.every == 0 }
    }
  }
}
