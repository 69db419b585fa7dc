/// Tokens a second as llama-bench counts them: the mean of the repetitions' rates, which is not tokens over the mean time.
///
/// Source: the sheet `throughput`; llama.cpp's `llama-bench`.
public struct RepetitionThroughput: Equatable, Sendable {
  /// Mean of tokens / seconds.
  public let mean: Double
  /// Sample standard deviation of tokens / seconds (n - 1); 0 for one repetition.
  public let deviation: Double

  /// Nil without repetitions, or if a time is not above 0.
  public init?(tokens: Int, seconds: [Double]) {
    guard !seconds.isEmpty, seconds.allSatisfy({ $0 > 0 && $0.isFinite }),
      let moments = try? SampleMoments(seconds.map { Double(tokens) / $0 })
    else { return nil }
    mean = moments.mean
    deviation = moments.sampleStandardDeviation
  }
}
