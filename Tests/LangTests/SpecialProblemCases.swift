import Testing

@testable import Lang

/// A problem that takes more than a text: lower limits, a file, a host.
struct SpecialProblemCase: Sendable, CustomTestStringConvertible {
  let code: String
  let example: ProblemCase
  var limits = Limits()
  var isLimit = false
  /// Makes the problem; nil runs the text.
  var make: (@Sendable () -> String)?
  var testDescription: String { code }

  func problem() -> String { make?() ?? Self.run(example.text, limits) }

  static func run(_ text: String, _ limits: Limits) -> String {
    let context = Context(commands: CommandRegistry(TableCommands.all), limits: limits)
    do {
      return try Interpreter(context: context).run(Source(name: "t.kvs", text: text)).display
    } catch {
      return "\(error)"
    }
  }

  fileprivate static func limit(_ change: (inout Limits) -> Void) -> Limits {
    var limits = Limits()
    change(&limits)
    return limits
  }
}

let specialProblemCases: [SpecialProblemCase] = [
  SpecialProblemCase(
    code: "K047",
    example: ProblemCase(
      #"""
      def f(n) { 1 + f(n) }
      f(1)
      """#,
      #"""
      t.kvs:1:16: error K047: functions call each other 20 levels deep
        1 | def f(n) { 1 + f(n) }
          |                ^^^^
        hint: use a loop, or check what ends the recursion
      """#), limits: SpecialProblemCase.limit { $0.callDepth = 20 }, isLimit: true),
  SpecialProblemCase(
    code: "K048",
    example: ProblemCase(
      #"""
      while true { 1 }
      """#,
      #"""
      t.kvs:1:7: error K048: this loop ran 10 times without ending
        1 | while true { 1 }
          |       ^^^^
        hint: check what ends it
      """#), limits: SpecialProblemCase.limit { $0.loopPasses = 10 }, isLimit: true),
  SpecialProblemCase(
    code: "K048",
    example: ProblemCase(
      #"""
      for i in 1..1000 { for j in 1..1000 { 1 } }
      """#,
      #"""
      t.kvs:1:29: error K048: this loop ran 5000 times without ending
        1 | for i in 1..1000 { for j in 1..1000 { 1 } }
          |                             ^^^^^^^
        hint: check what ends it
      """#), limits: SpecialProblemCase.limit { $0.steps = 5_000 }, isLimit: true),
  SpecialProblemCase(
    code: "K049",
    example: ProblemCase(
      #"""
      [1, 2] * 50
      """#,
      #"""
      t.kvs:1:1: error K049: this list would have more than 80 elements
        1 | [1, 2] * 50
          | ^^^^^^^^^^^
      """#), limits: SpecialProblemCase.limit { $0.listElements = 80 }, isLimit: true),
  SpecialProblemCase(
    code: "K049",
    example: ProblemCase(
      #"""
      let x = 1
      for i in 1..60 { x = [x, x] }
      """#,
      #"""
      t.kvs:2:22: error K049: this list would have more than 9000 elements
        2 | for i in 1..60 { x = [x, x] }
          |                      ^^^^^^
      """#), limits: SpecialProblemCase.limit { $0.listElements = 9_000 }, isLimit: true),
  SpecialProblemCase(
    code: "K057",
    example: ProblemCase(
      #"""
      let s = "abcdefgh"
      while true { s = "{s}{s}" }
      """#,
      #"""
      t.kvs:2:18: error K057: this text would have more than 1000 bytes
        2 | while true { s = "{s}{s}" }
          |                  ^^^^^^^^
      """#), limits: SpecialProblemCase.limit { $0.textBytes = 1_000 }, isLimit: true),
  SpecialProblemCase(
    code: "K058",
    example: ProblemCase(
      #"""
      let all = []
      while true { all += ["x" * 100000] }
      """#,
      #"""
      t.kvs:2:22: error K058: the script took more than 64MiB of memory
        2 | while true { all += ["x" * 100000] }
          |                      ^^^^^^^^^^^^
        hint: keep less in variables, or work in parts
      """#), limits: SpecialProblemCase.limit { $0.memoryBytes = 64 << 20 }, isLimit: true),
  SpecialProblemCase(
    code: "K027",
    example: ProblemCase(
      "gsm8k()",
      #"""
      t.kvs:1:1: error K027: the dataset `gsm8k` builds no value
        1 | gsm8k()
          | ^^^^^
        expected: its bare name
      """#),
    make: {
      let source = Source(name: "t.kvs", text: "gsm8k()")
      return Problem.notCallable("gsm8k", kind: "dataset", at: Span(source, 0, 5)).description
    }),
  SpecialProblemCase(
    code: "K062",
    example: ProblemCase("", "error K062: line 2 of the CSV text: 1 cells, but the header has 2"),
    make: {
      do { return try "\(TableText.read("a,b\n1\n", as: .csv))" } catch { return "\(error)" }
    }),
  SpecialProblemCase(
    code: "K063",
    example: ProblemCase(
      "",
      #"""
      error K063: there is no help on `kivo`
        hint: did you mean `kivi`?
      """#),
    make: {
      do { return try Help(context: session().interpreter.context).topic("kivo") } catch { return "\(error)" }
    }),
]
