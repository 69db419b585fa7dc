import Testing

@testable import Lang

struct ProblemCase: Sendable, CustomTestStringConvertible {
  let text: String
  let message: String
  init(_ text: String, _ message: String) {
    self.text = text
    self.message = message
  }
  var testDescription: String { text }
}

@Suite struct ProblemTextTests {
  static let all = syntaxProblemCases + nameProblemCases + argumentProblemCases + evaluationProblemCases

  @Test("every mistake has its exact message", arguments: all)
  func message(_ example: ProblemCase) {
    #expect(outcome(example.text, files: ["self.kvs": "import \"self.kvs\""]) == example.message)
  }

  @Test("every code of the language has an explanation and a tested message")
  func everyCode() {
    // K048 needs a lower limit, K062 comes from files, K063 from help, K027 from a host that builds nothing.
    let elsewhere: Set<String> = ["K027", "K048", "K062", "K063"]
    let messages = Self.all.map(\.message).joined()
    for entry in ProblemCatalogue.language.entries where !elsewhere.contains(entry.code) {
      let isTested = messages.contains("error \(entry.code):")
      #expect(isTested, "\(entry.code) has no case")
    }
    for match in messages.matches(of: /error (K0\d\d):/) {
      let code = String(match.1)
      #expect(ProblemCatalogue.language[code] != nil, "\(code) is not explained")
    }
  }

  @Test("a loop beyond the limit is a problem")
  func loopLimit() throws {
    var limits = Limits()
    limits.loopPasses = 10
    let context = Context(commands: CommandRegistry([]), limits: limits)
    let problem = #expect(throws: Problem.self) {
      try Interpreter(context: context).run(Source(name: "t.kvs", text: "while true { 1 }"))
    }
    #expect(
      problem?.description == """
        t.kvs:1:7: error K048: this loop ran 10 times without ending
          1 | while true { 1 }
            |       ^^^^
          hint: check what ends it
        """)
  }

  @Test("a name of a kind that builds nothing says so")
  func notCallable() {
    let source = Source(name: "t.kvs", text: "gsm8k()")
    #expect(
      Problem.notCallable("gsm8k", kind: "dataset", at: Span(source, 0, 5)).description == """
        t.kvs:1:1: error K027: the dataset `gsm8k` builds no value
          1 | gsm8k()
            | ^^^^^
          expected: its bare name
        """)
  }

  @Test("a problem is also one JSON object")
  func json() {
    let source = Source(name: "a.kvs", text: "字 \"x\"")
    let problem = Problem(
      "K012", seen: "unknown name `字`", suggestion: "\"quoted\"", labels: [.init(Span(source, 0, 3), "here")])
    #expect(
      ProblemRenderer().json(problem)
        == #"{"code":"K012","severity":"error","seen":"unknown name `字`","suggestion":"\"quoted\"","labels":[{"file":"a.kvs","line":1,"column":1,"start":0,"end":3,"text":"here"}]}"#
    )
  }

  @Test("a long line is cut around the place, with ellipses")
  func longLine() {
    let text = String(repeating: "x", count: 200) + " ?? " + String(repeating: "y", count: 200)
    let source = Source(name: "a", text: text)
    let rendered = ProblemRenderer(columns: 60).render(.unreadableCharacter("?", at: Span(source, 201, 202)))
    let lines = rendered.split(separator: "\n")
    #expect(lines[1].hasPrefix("  1 | …xxx") && lines[1].hasSuffix("y…"))
    let caret = lines[2].distance(from: lines[2].startIndex, to: lines[2].firstIndex(of: "^") ?? lines[2].startIndex)
    let question = lines[1].distance(from: lines[1].startIndex, to: lines[1].firstIndex(of: "?") ?? lines[1].startIndex)
    #expect(caret == question && caret > 0)
  }

  @Test("carets stand under wide characters and emoji")
  func wide() {
    let source = Source(name: "a", text: "\"字😀\" + 1")
    let rendered = ProblemRenderer().render(.divisionByZero(at: Span(source, 12, 13)))
    #expect(
      rendered == """
        a:1:8: error K042: division by zero
          1 | "字😀" + 1
            |          ^
        """)
    #expect(DisplayWidth.of("字😀e\u{301}") == 5)
  }
}
