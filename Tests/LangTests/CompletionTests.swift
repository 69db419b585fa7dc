import Testing

@testable import Lang

@Suite struct CompletionTests {
  /// Completions at the end of a text, in a session with a table `t` and a record `r`.
  private func texts(_ text: String) -> [String] {
    let interpreter = session().interpreter
    _ = try? interpreter.run(Source(name: "", text: "let t = table [{D: 1, config: 2}]\nlet r = {bits: 2}"))
    return Completer(context: interpreter.context).completions(text, at: text.utf8.count).map(\.text)
  }

  @Test(
    "the completions at the cursor begin with what the declaration says",
    arguments: [
      ("co", ["compress", "count"]), ("compress ", ["kivi", "h2o", "h2o/rethinking"]),
      ("compress kivi ", ["bits=", "group=", "residual="]),
      ("compress kivi bits=", ["2", "4", "8"]), ("compress kivi bits=2 | ru", ["run"]),
      ("run sharegpt n=5 te", ["temperature="]),
      ("compress kivi bits=2 | run sharegpt | plot len", ["lengthdiff"]), ("plot lengthdiff b", ["bins="]),
      ("run sharegpt | where D", ["D"]), ("run sharegpt | select c", ["config"]),
      ("t | summarize mean(D) by=con", ["config"]),
      ("r.", ["bits"]), ("compress [ki", ["kivi"]), ("compress [kivi(b", ["bits="]), ("let q = comp", ["compress"]),
      ("kivi(bits=", ["2", "4", "8"]), ("let zebra = 1\nze", ["zebra"]), ("\"text co", []), ("1 + qua", ["quantile"]),
    ])
  func completions(text: String, expected: [String]) {
    #expect(texts(text) == expected)
  }

  @Test("a completion carries its doc line and the range that it replaces")
  func docLine() {
    let completer = Completer(context: session().interpreter.context)
    let found = completer.completions("compress kivi bi", at: 16)
    #expect(
      found == [Completion("bits=", doc: "Bits per stored number. (default 2)", kind: .parameter, range: 14..<16)])
  }

  @Test(
    "an open bracket, string, pipe or operator asks for another line",
    arguments: [
      ("run sharegpt", true), ("run sharegpt |", false), ("f(", false), ("if a {", false), ("\"abc", false),
      ("\"{a", false),
      ("1 +", false), ("let x = ", false), ("a)", true), ("", true), ("# (", true), ("a and", false), ("[1, 2]", true),
    ])
  func isComplete(text: String, expected: Bool) {
    #expect(Completer.isComplete(text) == expected)
  }

  @Test("help on a command shows usage, pipe, parameters and examples")
  func commandHelp() throws {
    let help = Help(context: session().interpreter.context)
    #expect(
      try help.topic("compress") == """
        compress METHOD
        Makes configurations.

        takes from the pipe: list of config or config

        yields: list of config

        parameters
          method  The method. [name of a method; required]

        examples
          compress kivi bits=2
              One configuration.
        """)
    #expect(
      try help.topic("kivi").contains(
        "bits      Bits per stored number. [whole number or a list of them; one of 2, 4, 8; default 2]"))
    #expect(try help.topic("method").contains("h2o/rethinking  The settings of the paper."))
    #expect(try help.topic("quantile").hasPrefix("quantile(values, share)  (function)"))
    #expect(try help.topic("K012").hasPrefix("K012: an unknown name"))
    #expect(help.overview().contains("  run       Runs a data set."))
  }

  @Test("help on nothing suggests what was meant")
  func unknownHelp() {
    let help = Help(context: session().interpreter.context)
    let problem = #expect(throws: Problem.self) { try help.topic("kivo") }
    #expect(problem?.description == "error K063: there is no help on `kivo`\n  hint: did you mean `kivi`?")
  }
}
