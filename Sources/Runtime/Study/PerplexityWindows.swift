/// How a long text is cut into windows of a context, and which tokens each of them scores.
///
/// A window begins `stride` tokens after the one before and scores only tokens that no window before it has scored, each
/// after at least window - stride tokens of context (the sliding window of transformers' perplexity guide). With
/// stride = window nothing overlaps, and a window's first token, which nothing foretells, is not scored.
public struct PerplexityWindows: Sendable {
  public struct Window: Equatable, Sendable {
    public let tokens: Range<Int>
    /// The part of `tokens` whose probabilities count.
    public let scored: Range<Int>
  }

  public let windows: [Window]

  /// - Parameter count: tokens of the text, at least 2; `1 <= stride <= window`.
  public init(count: Int, window: Int, stride: Int) {
    var windows: [Window] = []
    var start = 0
    var done = 1
    while done < count {
      let end = min(count, start + window)
      if end > max(done, start + 1) {
        windows.append(Window(tokens: start..<end, scored: max(done, start + 1)..<end))
      }
      done = max(done, end)
      start += max(1, stride)
    }
    self.windows = windows
  }
}

/// How well a model with a cache foretells a text.
public struct PerplexityRun: Sendable {
  /// Mean negative log-likelihood of the scored tokens of each window, natural logarithm.
  public private(set) var windowMeans: [Double] = []
  /// Scored tokens.
  public private(set) var scored = 0
  private var total = 0.0

  mutating func add(_ sum: Double, count: Int) {
    guard count > 0 else { return }
    windowMeans.append(sum / Double(count))
    scored += count
    total += sum
  }

  /// Mean negative log-likelihood of a token; its interval is that of the windows' means (Student t), nil for one window.
  ///
  /// - Throws: `RuntimeProblem` K621 if a probability was not finite, K620 without tokens.
  public func meanLogLoss() throws -> IntervalEstimate {
    let windows = try IntervalEstimate.mean(of: windowMeans)
    let mean = total / Double(max(1, scored))
    return IntervalEstimate(
      value: mean, low: windows.low.map { mean + $0 - windows.value },
      high: windows.high.map { mean + $0 - windows.value },
      level: windows.level)
  }
}
