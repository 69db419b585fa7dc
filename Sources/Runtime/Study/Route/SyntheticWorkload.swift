import Foundation

/// The router sheet's synthetic requests: Poisson arrivals, log-normal prompts and responses, and what compression does to
/// the lengths of responses.
public struct SyntheticWorkload: Sendable {
  public var requests: Int
  /// Arrivals a second.
  public var rate: Double
  public var seed: UInt64
  /// Spread of the length predictor: Lh = L exp(eps z); 0 is a perfect one.
  public var predictionError: Double

  /// - Throws: K630 for a count, a rate or an error outside what a simulation can take.
  public init(requests: Int = 1_000, rate: Double = 10, seed: UInt64 = 1, predictionError: Double = 0) throws {
    guard (1...Self.requestLimit).contains(requests) else {
      throw RouteProblems.setting("n=\(requests)", "1 to \(Self.requestLimit) requests")
    }
    guard rate > 0, rate.isFinite else {
      throw RouteProblems.setting("rate=\(rate)", "more than 0 requests a second")
    }
    guard predictionError >= 0, predictionError <= 10 else {
      throw RouteProblems.setting("eps=\(predictionError)", "0 (a perfect predictor) to 10")
    }
    self.requests = requests
    self.rate = rate
    self.seed = seed
    self.predictionError = predictionError
  }

  public static let requestLimit = 10_000_000

  /// The configurations whose lengths it knows, the uncompressed one first.
  public static let methods = ["fp16"] + LengthShift.published.map(\.method)

  /// Arrivals, prompts, and responses in the order of `methods`.
  public func workload() -> RouteWorkload {
    var generator = SplitMix64(seed: seed)
    let shifts = LengthShift.published
    var arrivals: [Double] = []
    var prompts: [Int] = []
    var responses = [[Int]](repeating: [], count: shifts.count + 1)
    var predictions = [[Double]](repeating: [], count: shifts.count + 1)
    arrivals.reserveCapacity(requests)
    var time = 0.0
    for _ in 0..<requests {
      arrivals.append(time)
      time += generator.exponential() / rate
      prompts.append(Self.tokens(exp(4.6 + 1.2 * generator.normal()), least: 4))
      let plain = Self.tokens(exp(5.0 + 0.9 * generator.normal()), least: 4)
      responses[0].append(plain)
      for (place, shift) in shifts.enumerated() {
        let length = Double(plain) * exp(shift.mean + shift.deviation * generator.normal())
        responses[place + 1].append(Self.tokens(length, least: 1))
      }
      for place in responses.indices {
        let error = exp(predictionError * generator.normal())
        predictions[place].append(Double(responses[place][responses[place].count - 1]) * error)
      }
    }
    return RouteWorkload(arrivals: arrivals, prompts: prompts, responses: responses, predictions: predictions)
  }

  private static func tokens(_ number: Double, least: Int) -> Int { Int(min(max(number, Double(least)), 1_024)) }
}

/// A log-normal ratio of compressed to uncompressed response lengths: ln(L_cs / L_un) is N(mean, deviation).
public struct LengthShift: Sendable, Equatable {
  public let method: String
  public let mean: Double
  public let deviation: Double

  /// The shift with these shares of responses at most half and at least one and a half times as long (D >= 50 %, D <= -50 %).
  init(method: String, shorterShare: Double, longerShare: Double) {
    let low = StandardNormal.quantile(shorterShare)
    let high = StandardNormal.quantile(1 - longerShare)
    self.method = method
    deviation = log(3) / (high - low)
    mean = log(1.5) - high * deviation
  }

  /// Table 5 of the second paper, LLaMA.
  public static let published = [
    LengthShift(method: "kivi", shorterShare: 0.109, longerShare: 0.245),
    LengthShift(method: "gear", shorterShare: 0.068, longerShare: 0.271),
    LengthShift(method: "h2o", shorterShare: 0.095, longerShare: 0.213),
    LengthShift(method: "stream", shorterShare: 0.165, longerShare: 0.264),
  ]
}
