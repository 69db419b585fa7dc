/// The scores that `keep`, `adakv` and `pyramidkv` can rank by: one line each.
enum TokenScorers {
  /// What a scorer may take from the method that uses it.
  struct Options: Sendable {
    var window = 32
    var kernel = 7
    var pooling = WindowVotes.Pooling.max
    var gqa = GroupRule.mean
  }

  static let all: [(name: String, make: @Sendable (Options) -> any TokenScorer)] = [
    ("snapkv", { WindowVotes(window: $0.window, kernel: $0.kernel, pooling: $0.pooling, gqa: $0.gqa) }),
    ("tova", { LastQuery(gqa: $0.gqa) }),
    ("knorm", { _ in KeyNorm(order: .low) }),
    ("keydiff", { _ in KeyDistinctness() }),
    (
      "expectedattention",
      { _ in ExpectedAttentionScore(future: 512, sink: 4, covariance: true, valueNorm: true, epsilon: 0) }
    ),
    ("h2o", { _ in AttentionSum() }),
  ]

  static let names = all.map(\.name)

  static func make(_ name: String, _ options: Options) -> (any TokenScorer)? {
    all.first { $0.name == name }?.make(options)
  }
}

extension ParameterCard {
  static let gqaRule = ParameterCard(
    "gqa", .word(GroupRule.allCases.map(\.rawValue)), default: .word("mean"),
    "how the query heads that share a KV head become one score")
  static let tokenScore = ParameterCard(
    "score", .word(TokenScorers.names), default: .word("snapkv"), "what tokens are ranked by")

  static func window(_ tokens: Int) -> ParameterCard {
    ParameterCard(
      "window", .int(1...4096), default: .int(tokens), "last tokens of the prompt: they look back, and stay")
  }
  static func kernel(_ width: Int) -> ParameterCard {
    ParameterCard("kernel", .int(1...255), default: .int(width), "width of the pooling along the text, odd")
  }
  static func pool(_ pooling: WindowVotes.Pooling) -> ParameterCard {
    ParameterCard(
      "pool", .word(WindowVotes.Pooling.allCases.map(\.rawValue)), default: .word(pooling.rawValue),
      "maximum, mean or nothing over each token's neighbours")
  }
}

extension Settings {
  /// The options of a scorer that the settings have.
  ///
  /// - Throws: `RuntimeProblem` K304 if the pooling is even.
  func scorerOptions() throws -> TokenScorers.Options {
    var options = TokenScorers.Options()
    options.window = int("window") ?? options.window
    options.kernel = int("kernel") ?? options.kernel
    options.pooling = word("pool").flatMap(WindowVotes.Pooling.init) ?? options.pooling
    options.gqa = word("gqa").flatMap(GroupRule.init) ?? options.gqa
    guard options.kernel % 2 == 1 else {
      throw problem("kernel=\(options.kernel) has no middle", expected: "an odd kernel")
    }
    return options
  }

  /// The budget, which must leave something beside the window that always stays.
  ///
  /// - Throws: `RuntimeProblem` K304.
  func budget(over window: Int, default tokens: Int) throws -> Budget {
    let budget = budget("budget") ?? .tokens(tokens)
    if case .tokens(let count) = budget, count <= window {
      throw problem("budget=\(count) leaves nothing beside window=\(window)", expected: "budget over \(window)")
    }
    return budget
  }
}
