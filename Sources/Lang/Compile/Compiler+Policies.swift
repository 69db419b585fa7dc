extension Compiler {
  /// Code that hands a policy to the host: its text becomes two functions over the host's inputs, the policy's
  /// parameters and its states.
  func policy(_ syntax: PolicySyntax, at span: Span) -> Code {
    let (outline, inputs) = (syntax.outline, catalogue.policyInputs.map(\.name))
    checkNames(syntax, inputs)
    guard !inputs.isEmpty, let entry = catalogue.policyEntry(outline) else {
      report(Problem("K070", seen: "this host has no policies", labels: [.init(syntax.name.span)]))
      return { _ in .nil }
    }
    if !syntax.hasScore {
      report(
        Problem(
          "K070", seen: "the policy `\(outline.name)` has no score", expected: "`score = ...` in its body",
          labels: [.init(syntax.name.span)]))
    }
    for problem in catalogue.problems(of: outline) { report(problem) }
    catalogue = DeclaredCatalogue(base: catalogue, entry: entry)
    // Rows are keyed by a policy's text, so what it computes may depend on nothing else.
    let outer = (globals, policyName)
    (globals, policyName) = (GlobalStore(), outline.name)
    defer { (globals, policyName) = outer }
    var used: Set<String> = []
    func parameter(_ name: String) -> DefinedParameter {
      DefinedParameter(name: Name(text: name, span: syntax.name.span), defaultValue: nil)
    }
    let own = syntax.parameters.map { DefinedParameter(name: $0.name, defaultValue: nil) }
    let known = inputs.map(parameter) + own
    let begin = function(outline.name, known, selfName: nil, doc: "") {
      let codes = syntax.states.map { self.expression($0.1).code }
      used.formUnion(self.scope.used)
      return { frame in .list(try codes.map { try $0(frame) }) }
    }
    let states = syntax.states.map { DefinedParameter(name: $0.0, defaultValue: nil) }
    let step = function(outline.name, known + states, selfName: nil, doc: "") {
      let slot = self.scope.declare("score")
      let body = self.block(syntax.body)
      let slots = states.compactMap { self.scope.local($0.name.text)?.slot }
      used.formUnion(self.scope.used)
      return { frame in
        // A frame is used again, and a score must not outlive its step.
        frame.slots[slot] = .nil
        _ = try body(frame)
        return .list([frame.slots[slot]] + slots.map { frame.slots[$0] })
      }
    }
    let named = used.intersection(inputs)
    return { frame in
      guard case .function(let first) = try begin(frame), case .function(let next) = try step(frame) else {
        return .nil
      }
      let context = frame.context
      let seed = ContextSeed(context)
      let definition = PolicyDefinition(
        outline: outline, inputs: named, states: syntax.states.map(\.0.text), begin: first, step: next,
        inputNames: inputs, makeContext: { seed.make() })
      do {
        try context.catalogue.define(definition)
      } catch let problem as Problem {
        throw problem.at(outline.span)
      }
      return .nil
    }
  }

  private func checkNames(_ syntax: PolicySyntax, _ inputs: [String]) {
    for name in syntax.parameters.map(\.name) + syntax.states.map(\.0)
    where inputs.contains(name.text) || name.text == "score" {
      report(
        Problem(
          "K070", seen: "`\(name.text)` is what the host calls an input of every policy", expected: "another name",
          labels: [.init(name.span)]))
    }
    var seen: [String: Span] = [:]
    for name in syntax.parameters.map(\.name) + syntax.states.map(\.0) {
      if let first = seen[name.text] { report(.duplicate("the name", name.text, first: first, at: name.span)) }
      seen[name.text] = name.span
    }
  }
}

/// What a context of its own needs, in which a policy runs on an engine's threads.
private struct ContextSeed: Sendable {
  let commands: CommandRegistry
  let functions: FunctionRegistry
  let catalogue: any Catalogue
  let cancellation: Cancellation
  let limits: Limits

  init(_ context: Context) {
    (commands, functions, catalogue) = (context.commands, context.functions, context.catalogue)
    (cancellation, limits) = (context.cancellation, context.limits)
  }

  func make() -> Context {
    Context(commands: commands, functions: functions, catalogue: catalogue, cancellation: cancellation, limits: limits)
  }
}

extension Context {
  /// Gets ready to run code on the calling thread.
  func enter() {
    stackGuard.enter()
    callDepth = 0
  }
}
