/// Service times out of a throughput predictor: prompts of an iteration one after the other, decode steps as predicted.
public struct PredictedServiceTimes: ServiceTimes {
  public let bytesPerToken: Double
  private let predictor: ForwardPredictor

  public init(_ predictor: ForwardPredictor, bytesPerToken: Double) {
    self.predictor = predictor
    self.bytesPerToken = bytesPerToken
  }

  public var cacheLimitTokens: Int? { predictor.cacheLimitTokens }

  public func prefillSeconds(promptTokens: [Int]) -> Double {
    promptTokens.reduce(0) { $0 + predictor.milliseconds(.prefill(batch: 1, tokens: $1)) / 1_000 }
  }

  public func decodeSeconds(batch: Int, meanCachedTokens: Double) -> Double {
    predictor.decodeMilliseconds(batch: batch, cached: Int(meanCachedTokens)) / 1_000
  }
}
