import Testing

@testable import Lang

@Suite struct CompletionTests {
  /// Completions at the end of a text, in a session with a table `t` and a record `r`.
  private func texts(_ text: String) -> [String] {
    let interpreter = session().interpreter
    _ = try? interpreter.run(
      Source(name: "", text: "let t = table [{D: 1, config: 2}]\nlet r = {bits: 2}\nlet deep = {inner: {value: 1}}"))
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
      ("t | summarize mean(D) by=con", ["config"]), ("t | select D | where D", ["D"]),
      ("t | derive twice=D * 2 | where tw", ["twice"]), ("t | rename D delta | sort de", ["delta", "deep", "desc="]),
      ("t | summarize n=count() by=config | sort n", ["n"]),
      ("t | summarize n=count() by=[config] | select ", ["config", "n"]),
      ("[{alpha: 1, beta: [2]}] | table | where al", ["alpha", "all"]), ("deep.inner.", ["value"]),
      ("time comp", ["compress"]), ("time compress ki", ["kivi"]), ("let q = time t | select ", ["D", "config"]),
      ("r.", ["bits"]), ("compress [ki", ["kivi"]), ("compress [kivi(b", ["bits="]), ("let q = comp", ["compress"]),
      ("kivi(bits=", ["2", "4", "8"]), ("let zebra = 1\nze", ["zebra"]), ("help h2o", ["h2o", "h2o/rethinking"]),
      ("help quan", ["quantile"]), ("\"text co", []), ("1 + qua", ["quantile"]),
    ])
  func completions(text: String, expected: [String]) {
    #expect(texts(text) == expected)
  }

  @Test("a completion carries its doc line and the range that it replaces")
  func docLine() {
    let completer = Completer(context: session().interpreter.context)
    let found = completer.completions("compress kivi bi", at: 16)
    #expect(
      found == [
        Completion(
          "bits=", doc: "Bits per stored number. [whole number or a list of them; one of 2, 4, 8; default 2]",
          kind: .parameter, range: 14..<16)
      ])
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
    #expect(try help.topic("commands").contains("  run       Runs a data set."))
  }

  @Test("help on nothing suggests what was meant")
  func unknownHelp() {
    let help = Help(context: session().interpreter.context)
    let problem = #expect(throws: Problem.self) { try help.topic("kivo") }
    #expect(problem?.description == "error K063: there is no help on `kivo`\n  hint: did you mean `kivi`?")
  }

  @Test("the overview names everything and is folded to the width")
  func overview() {
    let help = Help(context: session().interpreter.context, columns: 50)
    let text = help.overview()
    for name in ["compress", "where", "quantile", "kivi", "lengthdiff"] { #expect(text.contains(name)) }
    #expect(text.split(separator: "\n").allSatisfy { DisplayWidth.of($0) <= 50 })
  }

  @Test("help on a function of the session shows the lines above its def")
  func ownHelp() throws {
    let interpreter = session().interpreter
    try interpreter.run(Source(name: "", text: "## Twice x.\ndef twice(x) { x * 2 }\nlet rows = 3"))
    let help = Help(context: interpreter.context)
    #expect(try help.topic("twice") == "twice(x)  (function)\nTwice x.")
    #expect(try help.topic("rows").hasPrefix("rows  (variable)"))
  }
}
