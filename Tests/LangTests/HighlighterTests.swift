import Testing

@testable import Lang

@Suite struct HighlighterTests {
  /// The parts of a text as `kind:part`, in a session with a table `t` and a function `twice`.
  private func parts(_ text: String, cursor: Int? = nil) -> [String] {
    let interpreter = session().interpreter
    _ = try? interpreter.run(Source(name: "", text: "let t = table [{D: 1}]\ndef twice(x) { x * 2 }"))
    let bytes = Array(text.utf8)
    return Highlighter(context: interpreter.context).highlights(text, cursor: cursor).map {
      "\($0.kind.rawValue):\(String(decoding: bytes[$0.range], as: UTF8.self))"
    }
  }

  @Test(
    "a word is what its place makes it",
    arguments: [
      (
        "compress kivi bits=2 | run sharegpt n=5 # why",
        [
          "command:compress", "name:kivi", "parameter:bits", "number:2", "pipe:|", "command:run", "name:sharegpt",
          "parameter:n", "number:5", "comment:# why",
        ]
      ),
      ("let x = compress h2o/rethinking", ["keyword:let", "command:compress", "name:h2o/rethinking"]),
      ("compress = 1; compress", ["number:1", "command:compress"]),
      ("[kivi(bits=[2, 4])]", ["name:kivi", "parameter:bits", "number:2", "number:4"]),
      ("twice(3) + quantile(t, 30%)", ["function:twice", "number:3", "function:quantile", "number:30%"]),
      ("t | where D > 1 and true", ["pipe:|", "command:where", "number:1", "keyword:and", "number:true"]),
      ("{run: 1}.run", ["number:1"]), ("x -> x + run", []),
      ("\"a {1 + 2} b\"", ["string:\"a ", "string: b\""]), ("\"open", ["string:\"open"]),
      ("def f(run, x) { run }", ["keyword:def", "function:f"]),
      (
        "for i in 1..3 {\n  run sharegpt\n}",
        ["keyword:for", "keyword:in", "number:1", "number:3", "command:run", "name:sharegpt"]
      ),
    ] as [(String, [String])])
  func kinds(text: String, expected: [String]) { #expect(parts(text) == expected) }

  @Test(
    "what is not known is marked, but not while it may still become something",
    arguments: [
      ("frobnicate 1", nil, ["unknown:frobnicate", "number:1"]), ("compr", nil, ["unknown:compr"]), ("compr", 5, []),
      ("compress kivo", nil, ["command:compress", "unknown:kivo"]), ("compress kiv", 12, ["command:compress"]),
      ("compress kivi bots=2", nil, ["command:compress", "name:kivi", "unknown:bots", "number:2"]),
      ("let frob = 1\nfrob", nil, ["keyword:let", "number:1"]),
    ] as [(String, Int?, [String])])
  func unknown(text: String, cursor: Int?, expected: [String]) { #expect(parts(text, cursor: cursor) == expected) }

  @Test("any beginning of any text is coloured in order, without overlap and within the text")
  func everyPrefix() {
    let text =
      "let r = compress [kivi(bits=[2,4]), \"x{1}y\"] | run sharegpt n=2 # é\nif a { 'q' } else { [1, {b: -2%}] } ~/日本 @ ;"
    let bytes = Array(text.utf8)
    let context = session().interpreter.context
    for count in 0...bytes.count {
      var end = 0
      for part in Highlighter(context: context).highlights(
        String(decoding: bytes[..<count], as: UTF8.self), cursor: count)
      {
        #expect(part.range.lowerBound >= end && !part.range.isEmpty)
        end = part.range.upperBound
      }
      // A letter that is cut in half decodes to a longer replacement.
      #expect(end <= count + 2)
    }
  }
}
