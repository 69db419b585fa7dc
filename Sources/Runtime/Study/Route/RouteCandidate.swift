/// One server as a policy sees it when a request arrives: the state now and what the predictors say.
public struct RouteCandidate: Sendable {
  /// Place of the request in the workload.
  public let request: Int
  public let promptTokens: Int
  /// What the length predictor says this server's configuration would answer with.
  public let predictedTokens: Double
  /// Place of the server in the fleet.
  public let server: Int
  /// The server's configuration.
  public let method: String
  /// Requests that decode, wait, and are in a running prefill.
  public let running: Int
  public let waiting: Int
  public let prefilling: Int
  /// Tokens held by all of them.
  public let heldTokens: Int
  let waitingPrefillSeconds: Double
  let times: any ServiceTimes

  /// mem(s), the bytes of everything held.
  public var memoryBytes: Double { times.bytesPerToken * Double(heldTokens) }

  /// tbot(r, s), the predicted seconds of a decode step with the request added.
  public var secondsPerToken: Double {
    let requests = running + waiting + prefilling + 1
    let held = heldTokens + times.cachedTokens(prompt: promptTokens, generated: 0)
    return times.decodeSeconds(batch: requests, meanCachedTokens: Double(held) / Double(requests))
  }

  /// Seconds of the request's own prefill.
  public var prefillSeconds: Double { times.prefillSeconds(promptTokens: [promptTokens]) }

  /// e2e(r, s): prefills before it, its own, and its predicted tokens at the predicted pace; the iteration in progress is
  /// not counted.
  public var endToEndSeconds: Double {
    waitingPrefillSeconds + prefillSeconds + predictedTokens * secondsPerToken
  }
}
