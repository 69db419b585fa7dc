@testable import Runtime

// The method that docs/adding-a-method.md adds; a test holds the page to this text.

extension MethodCard {
  /// Value norms: tokens whose values are long stay; a control that looks at no query.
  static let vnorm = MethodCard(
    name: "vnorm",
    title: "Value norms",
    family: .eviction,
    paper: "none; a control for methods that look at attention",
    summary: "Keeps, per head, the tokens whose values are longest, and the newest ones.",
    parameters: [
      ParameterCard("budget", .budget(atLeast: 2), default: .budget(.share(0.5)), "tokens kept per head"),
      ParameterCard("recent", .int(1...65536), default: .int(32), "newest tokens kept"),
    ],
    storage: .evicted
  ) { settings in
    Slots(
      keep: ScoredTokens(
        method: "vnorm", scorer: ValueNorm(), budget: settings.budget("budget") ?? .share(0.5),
        protection: Protection(recent: settings.int("recent") ?? 32)))
  }
}

struct ValueNorm: TokenScorer {
  var needs: AttentionNeeds { AttentionNeeds() }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    RowNorms.norms(view.values(head: head), width: view.headDim)
  }
}
