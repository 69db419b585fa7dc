import Testing

@testable import Lang

/// A command with a hyphen in its name, in a language in which a hyphen is a minus.
@Suite struct HyphenatedNameTests {
  private struct Study: Command {
    let signature = Signature(
      "serve-study", summary: "Serves.",
      parameters: [Parameter("n", .int, default: .int(1), doc: "Requests.")], produces: .int,
      examples: [Example("serve-study n=2", "Two.")])

    func run(_ call: Call, in context: Context) throws -> Value { .int(try call.int("n")) }
  }

  private func interpreter() -> Interpreter {
    Interpreter(context: Context(commands: CommandRegistry([Study()]), catalogue: FakeCatalogue()))
  }

  @Test(
    "the name is one word where it is written without spaces; anywhere else a hyphen is a minus",
    arguments: [
      ("serve-study n=3", 3), ("serve-study", 1), ("let x = serve-study n=4\nx", 4), ("(serve-study n=5) + 1", 6),
      ("let serve = 9\nlet study = 2\nserve - study", 7), ("let serve = 9\nlet stud = 2\nserve-stud", 7),
      ("let serve = 9\nlet study_2 = 2\nserve-study_2", 7),
    ])
  func names(text: String, expected: Int) throws {
    #expect(try interpreter().run(Source(name: "", text: text)) == .int(expected))
  }

  @Test("it is completed from its first letters on and coloured as a command")
  func editing() {
    let context = interpreter().context
    for text in ["ser", "serve-", "serve-st", "let x = serve-s"] {
      let found = Completer(context: context).completions(text, at: text.utf8.count).map(\.text)
      #expect(found == ["serve-study"], "\(text)")
    }
    #expect(Completer(context: context).completions("serve-study ", at: 12).map(\.text) == ["n="])
    let marked = Highlighter(context: context).highlights("serve-study n=2")
    #expect(marked.first == Highlight(.command, 0..<11))
  }
}
