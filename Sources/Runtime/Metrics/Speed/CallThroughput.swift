/// Tokens a second as the second paper's TRL runs count them: out of whole calls with one new token and with many.
///
/// Source: the sheet `throughput`.
public struct CallThroughput: Equatable, Sendable {
  /// t1, the mean call with one new token, in seconds.
  public let firstTokenSeconds: Double
  /// The mean call with `newTokens`, in seconds; nil if there was none.
  public let callSeconds: Double?
  /// New tokens of the long call, the first included; 65 in the paper.
  public let newTokens: Int

  /// Nil without a call, or if its time is not above 0.
  public init?(firstTokenSeconds: [Double], callSeconds: [Double] = [], newTokens: Int = 65) {
    func mean(_ seconds: [Double]) -> Double? {
      seconds.isEmpty ? nil : seconds.reduce(0, +) / Double(seconds.count)
    }
    guard let first = mean(firstTokenSeconds), first > 0, first.isFinite else { return nil }
    self.firstTokenSeconds = first
    self.callSeconds = mean(callSeconds)
    self.newTokens = newTokens
  }

  /// Tokens a second of prompts: B*P/t1.
  public func prefill(batch: Int, prompt: Int) -> Double { Double(batch) * Double(prompt) / firstTokenSeconds }

  /// Tokens a second of decode steps, B*64/(t65 - t1); nil unless the long call took longer.
  public func decode(batch: Int) -> Double? {
    guard let callSeconds, callSeconds.isFinite, callSeconds > firstTokenSeconds, newTokens > 1 else { return nil }
    return Double(batch) * Double(newTokens - 1) / (callSeconds - firstTokenSeconds)
  }
}
