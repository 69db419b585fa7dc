/// How long the iterations of a server take that runs one configuration, and what it holds meanwhile.
///
/// The seam of the router's simulation: published throughput, a profile of the user's machine and toy models in tests are
/// all this.
public protocol ServiceTimes: Sendable {
  /// Bytes a cached token takes; only the ratio between configurations matters.
  var bytesPerToken: Double { get }
  /// The most tokens of a request that are kept; nil keeps all.
  var cacheLimitTokens: Int? { get }
  /// Seconds of one prefill iteration of these prompts, none empty.
  func prefillSeconds(promptTokens: [Int]) -> Double
  /// Seconds of one decode iteration of `batch` requests that have this many tokens cached on average.
  func decodeSeconds(batch: Int, meanCachedTokens: Double) -> Double
}

extension ServiceTimes {
  /// Tokens cached of a request with `prompt` tokens after `generated` more.
  func cachedTokens(prompt: Int, generated: Int) -> Int {
    let all = prompt &+ generated
    return cacheLimitTokens.map { min(all, $0) } ?? all
  }
}
