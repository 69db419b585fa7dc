import Synchronization
import Testing

@testable import Lang

/// A host that scores with numbers: what it is handed is kept.
private final class PolicyHost: Catalogue {
  private let all = Mutex<[PolicyDefinition]>([])
  var defined: [PolicyDefinition] { all.withLock { $0 } }

  var kinds: [String] { ["method"] }
  var policyKind: String { "method" }
  var policyInputs: [Parameter] {
    [
      Parameter("K", .any, doc: "Keys."), Parameter("tokens", .int, doc: "Tokens."),
      Parameter("attn", .any, doc: "Weights."),
    ]
  }
  func entries(of kind: String) -> [NameEntry] { defined.compactMap { policyEntry($0.outline) } }
  func policyEntry(_ outline: PolicyOutline) -> NameEntry? {
    NameEntry(
      outline.name, summary: outline.doc,
      parameters: outline.parameters.map { Parameter($0.name, .any, default: $0.defaultValue, doc: "Of the policy.") })
  }
  func define(_ policy: PolicyDefinition) throws { all.withLock { $0.append(policy) } }
}

private struct Use: Command {
  let signature = Signature(
    "use", summary: "Names a method.",
    parameters: [Parameter("method", .name(kind: "method"), doc: "The method.", positional: true, required: true)],
    produces: .string)
  func run(_ call: Call, in context: Context) throws -> Value {
    .string(try call.name("method") + (call.optional("a").map { " a=\($0.text)" } ?? ""))
  }
}

@Suite struct PolicyTests {
  private let host = PolicyHost()

  private func run(_ text: String) throws -> Value {
    let context = Context(commands: CommandRegistry([Use()]), catalogue: host)
    return try Interpreter(context: context).run(Source(name: "t.kvs", text: text))
  }

  private func problems(_ text: String) -> [String] {
    let context = Context(commands: CommandRegistry([Use()]), catalogue: host)
    return Interpreter(context: context).check(Source(name: "t.kvs", text: text)).map(\.description)
  }

  @Test("a policy scores with the inputs it names, its parameters and states that go on")
  func score() throws {
    _ = try run(
      """
      let tokens = 1000
      # Grows with every step.
      policy grow(a=2) {
        state s = 10
        let more = tokens * a
        let twice = x -> x * 2
        s = s + more
        score = s + twice(K) + 100
      }
      """)
    let policy = try #require(host.defined.first)
    #expect(policy.outline.name == "grow" && policy.outline.doc == "Grows with every step.")
    #expect(policy.inputs == ["K", "tokens"] && policy.states == ["s"])
    let run = policy.run(["a": .int(3)])
    #expect(try run.score(["K": .int(1), "tokens": .int(5)]) == .int(10 + 15 + 2 + 100))
    #expect(try run.score(["K": .int(1), "tokens": .int(5)]) == .int(10 + 30 + 2 + 100))
    #expect(run.states?["s"] == .int(40))
    #expect(try policy.run([:]).score(["K": .int(0), "tokens": .int(1)]) == .int(112))
  }

  @Test("a policy is a name for the lines below it, in the same text and in later ones")
  func name() throws {
    #expect(try run("policy p(a=1) { score = K }\nuse p a=4") == .string("p a=4"))
    #expect(try run("use p") == .string("p a=1"))
    #expect(problems("use q\npolicy q { score = K }").first?.contains("unknown method `q`") == true)
    #expect(try run("let policy = 3\npolicy + 1") == .int(4))
  }

  @Test(
    "what is wrong in a policy is found before anything runs, at its place",
    arguments: [
      ("policy p { score = Q }", "unknown name `Q`"), ("policy p { let x = K }", "the policy `p` has no score"),
      ("policy p(a=K) { score = a }", "the default of `a` is `K`"),
      ("policy p(K=1) { score = K }", "`K` is what the host calls an input"),
      ("policy p(a=1, a=2) { score = a }", "the name `a` is given twice"),
      ("policy p { state score = 1\nscore = K }", "`score` is what the host calls an input"),
      ("policy p { score = K", "`{` is still open"),
      ("if true { policy p { score = K } }", "`policy` cannot stand here"),
      ("policy p(a=1) { score = K }\nuse p b=2", "`use p` has no parameter `b`"),
      ("let z = 1\npolicy p { z = 2\nscore = K }", "there is no variable `z` to change"),
      ("let w = 2\npolicy p { score = K * w }", "`w` belongs to the session"),
      ("def f(x) { x }\npolicy p { score = f(K) }", "`f` belongs to the session"),
      ("policy p { score = (use p) }", "the policy `p` runs the command `use`"),
      ("policy p { return 1 }", "`return` has nothing to leave here"),
    ])
  func mistakes(text: String, expected: String) {
    let found = problems(text)
    #expect(found.contains { $0.contains(expected) }, "\(found)")
    #expect(host.defined.isEmpty)
  }

  @Test("a mistake of a running policy points into its text")
  func running() throws {
    _ = try run("policy p { score = K + \"a\" }")
    let problem = #expect(throws: Problem.self) { try host.defined[0].run([:]).score(["K": .int(1)]) }
    #expect(problem?.code == "K040")
    #expect(problem?.span?.text == "K + \"a\"")
  }

  @Test("the inputs are completed inside a policy")
  func completion() {
    let context = Context(commands: CommandRegistry([Use()]), catalogue: host)
    let text = "policy p { score = tok"
    #expect(Completer(context: context).completions(text, at: text.utf8.count).map(\.text) == ["tokens"])
    #expect(Completer(context: context).completions("pol", at: 3).map(\.text) == ["policy"])
  }
}
