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
    let messages = (Self.all + specialProblemCases.map(\.example)).map(\.message).joined()
    for entry in ProblemCatalogue.language.entries {
      let isTested = messages.contains("error \(entry.code):")
      #expect(isTested, "\(entry.code) has no case")
    }
    for match in messages.matches(of: /error (K0\d\d):/) {
      let code = String(match.1)
      #expect(ProblemCatalogue.language[code] != nil, "\(code) is not explained")
    }
  }

  @Test("what needs a lower limit, a file or a host has its exact message too", arguments: specialProblemCases)
  func special(_ example: SpecialProblemCase) {
    #expect(example.problem() == example.example.message)
  }

  @Test("no limit is caught by try", arguments: specialProblemCases.filter(\.isLimit))
  func uncaught(_ example: SpecialProblemCase) {
    let text = "try { \(example.example.text)\n } catch { 1 }"
    #expect(SpecialProblemCase.run(text, example.limits).contains("error \(example.code):"))
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
