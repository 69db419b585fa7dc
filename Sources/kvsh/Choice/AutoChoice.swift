import Lang
import Runtime

/// `compress auto`: a configuration of a run that is another one for each request.
struct AutoChoice: Equatable {
  static let name = "auto"

  /// What it chooses among, beside the uncompressed cache where that is the rule's baseline.
  let candidates: [Compressor]
  /// Numbers of what it chooses by; nil is the newest.
  var rule: Int64?
  var types: Int64?
  var lengths: Int64?

  static func == (a: AutoChoice, b: AutoChoice) -> Bool {
    a.candidates.map(\.specification) == b.candidates.map(\.specification)
      && (a.rule, a.types, a.lengths) == (b.rule, b.types, b.lengths)
  }

  /// As one would type it.
  var line: String {
    let methods = candidates.map { compressor in
      "(" + compressor.label.components(separatedBy: " | ").map { "compress \($0)" }.joined(separator: " | ") + ")"
    }
    let numbers = [("rule", rule), ("types", types), ("lengths", lengths)].compactMap { name, id in
      id.map { " \(name)=\($0)" }
    }
    return "compress \(Self.name) among=[\(methods.joined(separator: ", "))]" + numbers.joined()
  }

  static let entry = NameEntry(
    name, summary: "chooses among configurations for each request of a run",
    details: """
      The configurations come through the pipe, and then run beside it, or by among=[...]. The rule's baseline is always \
      among them: the uncompressed cache, or what `train auto baseline=` named, which then has to be given. For each prompt the classifier of `train task` tells the type of the task; the rule of `train auto` tells \
      which configurations keep the scores of that type; among those the one is taken whose cache would be smallest at the \
      end, after as many tokens as `train length` predicts of each. A rule of goal=score takes the best score instead and \
      needs no lengths.

      Its rows are called `auto`, and their column `choice` says what was chosen. A row that a fixed configuration of the \
      store has is not run again.
      """,
    parameters: [
      Parameter("among", .any, doc: "Configurations to choose among, instead of those of the pipe."),
      Parameter("rule", .int, range: 1...9e15, doc: "What `train auto` made, by its number. Default: the newest."),
      Parameter("types", .int, range: 1...9e15, doc: "What `train task` made, by its number. Default: the newest."),
      Parameter("lengths", .int, range: 1...9e15, doc: "What `train length` made, by its number. Default: the newest."),
    ],
    examples: [
      Example("compress auto among=[kivi(bits=2), h2o(budget=30%)]", "It says for each request which one it took.")
    ])

  /// The choice that a call of `compress` asks for; nil for a method.
  ///
  /// - Throws: `Problem` K302 for nothing to choose among, K666 behind another choice.
  init?(_ call: Call) throws {
    guard call.entry("method")?.name == Self.name else { return nil }
    guard call.input.choice == nil else { throw Self.notHere("a choice", at: call.span) }
    let given = call.optional("among")
    guard given?.choice == nil else { throw Self.notHere("a configuration to choose", at: call.span(of: "among")) }
    let all = given.map { $0.configurations ?? [] } ?? call.input.configurations ?? []
    let candidates = all.filter { !$0.stages.isEmpty }
    guard !candidates.isEmpty else {
      throw Problem(
        "K302", seen: given.map { "among=\($0.display)" } ?? "`compress auto` was given nothing to choose among",
        expected: "configurations", suggestion: "compress auto among=[kivi(bits=2), h2o(budget=30%)]",
        labels: [.init(given == nil ? call.span : call.span(of: "among"))])
    }
    self.candidates = candidates
    func id(_ name: String) -> Int64? { call.optional(name)?.asInt.map(Int64.init) }
    (rule, types, lengths) = (id("rule"), id("types"), id("lengths"))
  }

  static func notHere(_ what: String, at span: Span) -> Problem {
    Problem(
      ChoiceProblems.notHere, seen: "`compress auto`, which chooses for each request, stands where \(what) is needed",
      expected: "it before `run`, and fixed configurations elsewhere",
      suggestion: "compress auto among=[...] | run longbench",
      labels: [.init(span)])
  }
}

extension Value {
  /// The choice among configurations in a value, or the first in a list of them.
  var choice: AutoChoice? { choices.first }

  /// Every choice in a value or a list, nothing twice.
  var choices: [AutoChoice] {
    switch self {
    case .object(let object): [(object as? ConfigurationValue)?.choice].compactMap { $0 }
    case .list(let values):
      values.flatMap(\.choices).reduce(into: []) { all, each in if !all.contains(each) { all.append(each) } }
    default: []
    }
  }
}
