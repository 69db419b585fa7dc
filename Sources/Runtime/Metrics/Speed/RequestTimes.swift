/// When a request was sent and when its output came, in seconds of one clock.
///
/// Source: the sheet `throughput`; vLLM's `benchmark_serving`.
public struct RequestTimes: Equatable, Sendable {
  public let sent: Double
  /// Arrivals of the chunks that held output, ascending.
  public let chunks: [Double]
  /// P.
  public let promptTokens: Int
  /// G; as many as chunks where each token comes alone.
  public let outputTokens: Int

  public init(sent: Double, chunks: [Double], promptTokens: Int = 0, outputTokens: Int? = nil) {
    self.sent = sent
    self.chunks = chunks
    self.promptTokens = promptTokens
    self.outputTokens = outputTokens ?? chunks.count
  }

  /// TTFT, from sending to the first output: waiting, prefill and one sampling. Nil without output.
  public var timeToFirstToken: Double? { chunks.first.map { $0 - sent } }

  /// End-to-end latency, from sending to the last output. Nil without output.
  public var endToEnd: Double? { chunks.last.map { $0 - sent } }

  /// TBOT (TPOT), (latency - TTFT) / (G - 1); nil for fewer than two tokens.
  public var timePerOutputToken: Double? {
    guard outputTokens >= 2, let first = timeToFirstToken, let end = endToEnd else { return nil }
    return (end - first) / Double(outputTokens - 1)
  }

  /// ITL, the gap between each chunk and the next.
  public var gaps: [Double] { zip(chunks, chunks.dropFirst()).map { $1 - $0 } }
}
