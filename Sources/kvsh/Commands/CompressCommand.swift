import Lang
import Runtime

/// `compress kivi bits=2`: configurations out of a method, several, or a list of them.
struct CompressCommand: Command {
  let signature = Signature(
    "compress", summary: "Makes configurations of a method; a list as a parameter is a sweep.",
    details: """
      A second `compress` in the pipe adds its method to every configuration of the first: methods fill slots (which \
      tokens stay, how they are stored), and two that fill the same slot are refused.

      `compress auto` is no method: it chooses among configurations for each request of a run (`help auto`).
      """,
    parameters: [
      Parameter(
        "method", .name(kind: "method"),
        doc: "A method, `kivi`; a preset, `h2o/rethinking`; or a list of method values.",
        positional: true, required: true, orValue: .union([.object("config"), .list]))
    ],
    accepts: [.nil, .object("config"), .list], produces: .object("config"),
    examples: [
      Example("compress kivi bits=2", "KIVI at 2 bits."),
      Example("compress kivi bits=[2,4] group=[32,64]", "Four configurations."),
      Example("compress [kivi(bits=2), h2o(budget=512)]", "Two methods side by side."),
      Example("compress h2o variant=prefill budget=30% | compress kivi bits=4", "Tokens dropped, the rest packed."),
      Example(
        "compress [kivi(bits=2), h2o(budget=30%)] | compress auto", "Both, and a third that chooses per request."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let before = try call.pipedConfigurations()
    if let choice = try AutoChoice(call) {
      return .object(ConfigurationValue(compressors: before ?? [], choice: choice))
    }
    guard call.input.choice == nil else {
      throw AutoChoice.notHere("a method to build on", at: call.inputSpan ?? call.span)
    }
    let cards = (context.catalogue as? KvshCatalogue)?.cards ?? Compressors.all
    let own = try call.chosenConfigurations(among: cards)
    guard let before else { return .object(ConfigurationValue(compressors: own)) }
    do {
      let composed = try before.flatMap { first in try own.map { try first.composed(with: $0) } }
      return .object(ConfigurationValue(compressors: composed))
    } catch let problem as RuntimeProblem {
      throw ComposedProblem.placed(problem, at: call.span, after: call.inputSpan)
    }
  }
}

/// Two methods that do not go together, at both ends of the pipe.
enum ComposedProblem {
  static func placed(_ problem: RuntimeProblem, at span: Span, after first: Span?) -> Problem {
    var placed = Problem(problem, at: span)
    if let first { placed.labels.append(.init(first, "comes in")) }
    return placed
  }
}
