import Lang
import Runtime

/// What a routing policy may ask the predictors about a request at a server.
enum RouteFunctions {
  static let all: [HostFunction] = [
    function("e2e", "predicted seconds from arrival to the last token of request r at server s") { $0.endToEndSeconds },
    function("tbot", "predicted seconds between two tokens of request r at server s") { $0.secondsPerToken },
    function("prefill_s", "predicted seconds of the prefill of request r at server s") { $0.prefillSeconds },
    function("answer_tokens", "predicted tokens of the answer to request r at server s") { $0.predictedTokens },
  ]

  private static func function(
    _ name: String, _ summary: String, _ number: @escaping @Sendable (RouteCandidate) -> Double
  ) -> HostFunction {
    HostFunction(
      name, summary, details: "For policies of `route`: policy=(r, s) -> \(name)(r, s).",
      parameters: [
        Parameter("r", .value(RouteRequestValue.type), doc: "The request.", positional: true, required: true),
        Parameter("s", .value(RouteServerValue.type), doc: "The server.", positional: true, required: true),
      ], result: .float
    ) { call in
      // A server of a policy knows the request that it was shown with.
      guard case .object(let object) = try call.value("s"), let server = object as? RouteServerValue else {
        throw call.wrong("s", RouteServerValue.type)
      }
      return .float(number(server.candidate))
    }
  }
}
