import Foundation

/// How far one configuration's predictions are from the uncompressed cache's, window by window of a text.
public struct QualityRun: Sendable {
  /// One window: a prompt, then tokens fed one by one to both caches.
  public struct Window: Sendable, Equatable {
    /// Mean over the steps of KL(uncompressed || configuration) between next-token distributions, in nats.
    public var divergence: Double
    /// Share of the steps at which both find the same token likeliest.
    public var agreement: Double
    /// Mean -ln p of the text's tokens, uncompressed and with the configuration.
    public var baselineLoss: Double
    public var loss: Double
    /// Tokens of greedy text before the two part; nil if they did not within the tokens followed.
    public var partsAt: Int?
  }

  /// What a window's cache held at its end.
  public struct Held: Sendable, Equatable {
    /// Tokens in the cache over tokens of the text, mean over layers and heads.
    public var keptShare: Double
    public var bytes: ByteCount
    /// Keys and values that one decode step read, mean over the steps.
    public var readBytesPerStep: Int
  }

  /// Tokens of each window's prompt.
  public let depth: Int
  /// Tokens fed behind it.
  public let steps: Int
  /// Tokens for which greedy text was followed; 0 if it was not.
  public let followed: Int
  public internal(set) var windows: [Window] = []
  public internal(set) var held: [Held] = []

  init(depth: Int, steps: Int, followed: Int) {
    self.depth = depth
    self.steps = steps
    self.followed = followed
  }

  /// Percentile bootstrap over the windows: divergences are skewed, so that a symmetric interval would reach below 0.
  private func mean(_ values: [Double], _ name: String) throws -> IntervalEstimate {
    try MetricProblems.requireFinite(values, of: name)
    return try PairedBootstrap().mean(values)
  }

  /// Mean divergence in nats.
  ///
  /// - Throws: `RuntimeProblem` K620 without windows, K621 if a number was not finite; so do the other means.
  public func divergence() throws -> IntervalEstimate { try mean(windows.map(\.divergence), "the divergence") }

  /// Share of steps with the same likeliest token.
  public func agreement() throws -> IntervalEstimate { try mean(windows.map(\.agreement), "the agreement") }

  /// Perplexity of the scored tokens with the configuration.
  public func perplexity() throws -> Double { exp(try mean(windows.map(\.loss), "the loss").value) }

  /// The perplexity over the uncompressed cache's, paired by window.
  public func perplexityRatio() throws -> IntervalEstimate {
    let change = try mean(windows.map { $0.loss - $0.baselineLoss }, "the change of the loss")
    return IntervalEstimate(
      value: exp(change.value), low: change.low.map(exp), high: change.high.map(exp), level: change.level)
  }

  /// Tokens before greedy text parts, the median window; windows that never part count as all tokens followed.
  public func partsAt() throws -> IntervalEstimate { try .median(of: windows.map { Double($0.partsAt ?? followed) }) }

  /// Share of windows whose greedy text is the same to the end.
  public func sameTextShare() throws -> ShareEstimate {
    try ShareEstimate(count: windows.count { $0.partsAt == nil }, total: windows.count)
  }
}

/// Two distributions over a vocabulary, given by their logits.
enum Divergence {
  /// One row compared with the baseline's.
  struct Row: Sendable, Equatable {
    /// KL(baseline || other) in nats; exactly 0 for the same logits.
    var divergence = 0.0
    var isSameToken = true
    /// -ln p of the token that really comes next.
    var baselineLoss = 0.0
    var loss = 0.0
  }

  /// In double precision: a divergence of 1e-6 is told from rounding.
  static func row(
    _ baseline: UnsafePointer<Float>, _ other: UnsafePointer<Float>, vocabulary: Int, next: Int
  ) -> Row {
    let first = normaliser(baseline, vocabulary)
    let second = normaliser(other, vocabulary)
    var sum = 0.0
    for token in 0..<vocabulary {
      let own = Double(baseline[token]) - first.logSum
      sum += exp(own) * (own - (Double(other[token]) - second.logSum))
    }
    return Row(
      // Rounding may leave a little less than nothing; NaN stays NaN.
      divergence: sum < 0 ? 0 : sum, isSameToken: first.likeliest == second.likeliest,
      baselineLoss: first.logSum - Double(baseline[next]), loss: second.logSum - Double(other[next]))
  }

  /// ln of the summed exponentials, and the first of the largest.
  private static func normaliser(
    _ logits: UnsafePointer<Float>, _ vocabulary: Int
  ) -> (logSum: Double, likeliest: Int) {
    let likeliest = Sampler.likeliest(UnsafeBufferPointer(start: logits, count: vocabulary))
    let maximum = Double(logits[likeliest])
    var sum = 0.0
    for token in 0..<vocabulary { sum += exp(Double(logits[token]) - maximum) }
    return (maximum + log(sum), likeliest)
  }
}
