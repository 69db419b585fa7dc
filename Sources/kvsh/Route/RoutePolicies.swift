import Lang
import Runtime

/// The policies of `route`, as names that help and completion know.
enum RoutePolicies {
  static let entries: [NameEntry] = [
    NameEntry("baseline", summary: "to the server with the least memory in use; all servers run one configuration"),
    NameEntry("throughput", summary: "to the server that would decode the request fastest"),
    NameEntry("length", summary: "to the server whose configuration is predicted to answer shortest"),
    NameEntry("both", summary: "to the server with the least predicted end-to-end time"),
  ]

  /// The policies that a call names, in its order; a function of the language is one of its own, which rows tell from a
  /// policy of the paper by its name.
  ///
  /// - Throws: `Problem` K013 for another name.
  static func named(_ call: Call, in context: Context) throws -> [RoutePolicy] {
    try call.values("policy").map { value in
      if case .function(let function) = value {
        let isTaken = entries.contains { $0.name == function.name }
        let name = function.name.isEmpty ? "own" : isTaken ? "\(function.name) (own)" : function.name
        return .custom(name: name) { candidate in try cost(of: candidate, function, call, context) }
      }
      guard let policy = RoutePolicy.named.first(where: { $0.name == value.text }) else {
        throw Problem(
          "K013", seen: "unknown routing policy `\(value.text)`",
          expected: "one of \(entries.map(\.name).joined(separator: ", ")), or a function (r, s) -> ...",
          labels: [.init(call.span(of: "policy"))])
      }
      return policy
    }
  }

  private static func cost(
    of candidate: RouteCandidate, _ function: FunctionValue, _ call: Call, _ context: Context
  ) throws -> Double {
    let span = call.span(of: "policy")
    let arguments: [Value] = [
      .object(RouteRequestValue(candidate: candidate)), .object(RouteServerValue(candidate: candidate)),
    ]
    let value = try context.apply(function, to: arguments, at: span)
    guard let cost = value.asDouble, cost.isFinite else {
      let seen = value.asDouble.map { "\($0)" } ?? "a \(value.type.name)"
      throw Problem(
        "K635", seen: "the policy gives request \(candidate.request) at server \(candidate.server) the cost \(seen)",
        expected: "a finite number; the server with the least one is chosen", labels: [.init(span)])
    }
    return cost
  }
}
