/// Tokens a second as the second paper's engine runs count them: out of the times of single forward passes.
///
/// The smallest and the largest time are dropped and m is the mean of the rest; a prefill is B*P/m, a decode step B/m, over
/// the whole batch and never per request. Source: the sheet `throughput`; the paper's `benchmark_thr`.
public struct ForwardThroughput: Equatable, Sendable {
  /// m, the mean forward in seconds without the smallest and the largest.
  public let meanSeconds: Double

  /// Nil for fewer than three times: there is no result then.
  public init?(_ forwardSeconds: [Double]) {
    guard forwardSeconds.count >= 3, let least = forwardSeconds.min(), let most = forwardSeconds.max() else {
      return nil
    }
    // Left out one by one rather than subtracted from the sum, which rounding would show.
    var (isLeastOut, isMostOut, sum) = (false, false, 0.0)
    for seconds in forwardSeconds {
      if !isLeastOut, seconds == least {
        isLeastOut = true
      } else if !isMostOut, seconds == most {
        isMostOut = true
      } else {
        sum += seconds
      }
    }
    meanSeconds = sum / Double(forwardSeconds.count - 2)
    guard meanSeconds > 0, meanSeconds.isFinite else { return nil }
  }

  /// Tokens a second of prompts: B*P/m.
  public func prefill(batch: Int, prompt: Int) -> Double { Double(batch) * Double(prompt) / meanSeconds }

  /// Tokens a second of decode steps: B/m.
  public func decode(batch: Int) -> Double { Double(batch) / meanSeconds }
}
