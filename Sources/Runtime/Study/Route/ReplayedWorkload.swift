import Foundation

/// Requests out of a run: prompts and answer lengths as they were, with and without compression, arriving at random.
public struct ReplayedWorkload: Sendable {
  /// One prompt with the tokens of its two answers.
  public struct Pair: Sendable, Equatable {
    public var prompt: Int
    public var plain: Int
    public var compressed: Int

    public init(prompt: Int, plain: Int, compressed: Int) {
      self.prompt = prompt
      self.plain = plain
      self.compressed = compressed
    }
  }

  private let pairs: [Pair]

  /// - Throws: K620 without pairs, K630 for one without tokens.
  public init(_ pairs: [Pair]) throws {
    guard !pairs.isEmpty else {
      throw RuntimeProblem(MetricProblems.noValues, seen: "a workload without requests", expected: "at least one")
    }
    let tokens = 1...RouteWorkload.tokenLimit
    for pair in pairs {
      guard tokens.contains(pair.prompt), tokens.contains(pair.plain), tokens.contains(pair.compressed) else {
        throw RouteProblems.setting(
          "a request of \(pair.prompt) tokens answered with \(pair.plain) and \(pair.compressed)",
          "1 to \(RouteWorkload.tokenLimit) tokens")
      }
    }
    self.pairs = pairs
  }

  /// `requests` of them, drawn with replacement once there are more than pairs, in the pairs' order until then.
  ///
  /// - Throws: K630 as `SyntheticWorkload`.
  public func workload(requests: Int, rate: Double, seed: UInt64, predictionError: Double) throws -> RouteWorkload {
    let checked = try SyntheticWorkload(requests: requests, rate: rate, seed: seed, predictionError: predictionError)
    var generator = SplitMix64(seed: checked.seed)
    var time = 0.0
    var arrivals: [Double] = []
    var chosen: [Pair] = []
    var errors: [[Double]] = [[], []]
    for place in 0..<requests {
      arrivals.append(time)
      time += generator.exponential() / rate
      let drawn = Int(generator.uniform() * Double(pairs.count))
      chosen.append(place < pairs.count ? pairs[place] : pairs[min(drawn, pairs.count - 1)])
      for method in 0..<2 { errors[method].append(exp(predictionError * generator.normal())) }
    }
    let responses = [chosen.map(\.plain), chosen.map(\.compressed)]
    let predictions = zip(responses, errors).map { lengths, errors in zip(lengths, errors).map { Double($0) * $1 } }
    return RouteWorkload(
      arrivals: arrivals, prompts: chosen.map(\.prompt), responses: responses, predictions: predictions)
  }
}
