import Lang
import Runtime

/// The request of a routing policy `(r, s) -> ...`; type `request`.
struct RouteRequestValue: LangObject {
  static let type = ValueType.object("request")

  let candidate: RouteCandidate

  var typeName: String { "request" }
  var display: String { "request \(candidate.request) of \(candidate.promptTokens) tokens" }
  func isEqual(to other: any LangObject) -> Bool {
    (other as? RouteRequestValue)?.candidate.request == candidate.request
  }
  var fieldNames: [String] { ["number", "prompt_tokens"] }

  func field(_ name: String) -> Value? {
    switch name {
    case "number": .int(candidate.request)
    case "prompt_tokens": .int(candidate.promptTokens)
    default: nil
    }
  }
}

/// A server as the policy sees it while the request arrives; type `server`.
struct RouteServerValue: LangObject {
  static let type = ValueType.object("server")

  let candidate: RouteCandidate

  var typeName: String { "server" }
  var display: String { "server \(candidate.server), \(candidate.method)" }
  func isEqual(to other: any LangObject) -> Bool {
    (other as? RouteServerValue)?.candidate.server == candidate.server
  }
  var fieldNames: [String] {
    ["number", "config", "running", "waiting", "prefilling", "held_tokens", "held_bytes"]
  }

  func field(_ name: String) -> Value? {
    switch name {
    case "number": .int(candidate.server)
    case "config": .string(candidate.method)
    case "running": .int(candidate.running)
    case "waiting": .int(candidate.waiting)
    case "prefilling": .int(candidate.prefilling)
    case "held_tokens": .int(candidate.heldTokens)
    case "held_bytes": .float(candidate.memoryBytes)
    default: nil
    }
  }
}
