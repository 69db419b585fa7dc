import Testing

@testable import Lang

/// Numbers that are the same on every machine.
struct SeededGenerator: RandomNumberGenerator {
  var state: UInt64
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var z = state
    z = (z ^ (z >> 30)) &* 0xBF58_476D_1CE4_E5B9
    z = (z ^ (z >> 27)) &* 0x94D0_49BB_1331_11EB
    return z ^ (z >> 31)
  }
}

@Suite struct SoupTests {
  static let examples = [
    "compress kivi bits=2 | run sharegpt n=1000 | plot lengthdiff",
    "compress [kivi(bits=2), h2o(budget=30%)] | run sharegpt\n  | where D < -0.5 and config != \"a {1 + 2} b\"\n  | summarize mean(D) n=count() by=[config]",
    "## doc\ndef f(a, b=2) { if a > b { return a }\n a * b }\nlet xs = [1, 2, {c: 64MiB}]\nfor x in 1..10 by 2 { print(\"{x}\") }",
    "let t = table [{a: 1, 字: '2'}]\ntry { t[5] } catch e { e.code }\nassert len(t) == 1, \"one\"",
    "let g = (r, s) -> { let q = r @ s\n q ** 2 }\nwhile not false { break }\nt | sort -D desc=true | derive e=D[0:2].x | head 5",
  ]
  static let pieces = [
    "(", ")", "[", "]", "{", "}", "|", "->", "..", "=", "==", "<", "+", "-", "**", "//", "%", "@", ",", ":", ";", ".",
    "\"", "'", "\n", " ",
    "let ", "def ", "for ", "in ", "if ", "else ", "while ", "return ", "try ", "catch ", "assert ", "import ", "not ",
    "and ", "nil ", "true ",
    "compress ", "kivi", "run ", "sharegpt", "plot ", "lengthdiff", "where ", "derive ", "summarize ", "sort ", "by=",
    "bits=", "x", "f(", "count()",
    "mean(", "1", "0", "-1", "9223372036854775807", "1e308", "4Ki", "30%", "64MiB", "\"a{", "}b\"", "字", "😀", "\\", "#",
    "?", "\u{0}", "\r",
  ]

  private func digest(_ text: String, runs: Bool) {
    if let complaint = Digestion.complaint(about: text, runs: runs) { Issue.record("\(text): \(complaint)") }
  }

  @Test("every prefix of every example parses, checks and completes", arguments: examples)
  func prefixes(_ text: String) {
    for count in 0...text.utf8.count { digest(String(decoding: text.utf8.prefix(count), as: UTF8.self), runs: false) }
  }

  @Test("random soups of tokens end in a value or a problem", arguments: [1, 2, 3] as [UInt64])
  func soup(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    for _ in 0..<1_000 {
      let count = Int.random(in: 1...30, using: &generator)
      digest((0..<count).compactMap { _ in Self.pieces.randomElement(using: &generator) }.joined(), runs: true)
    }
  }

  @Test("mutated examples end in a value or a problem", arguments: [4, 5] as [UInt64])
  func mutations(_ seed: UInt64) {
    var generator = SeededGenerator(state: seed)
    for index in 0..<600 {
      var bytes = Array(Self.examples[index % Self.examples.count].utf8)
      for _ in 0..<Int.random(in: 1...4, using: &generator) {
        let place = Int.random(in: 0..<bytes.count, using: &generator)
        switch Int.random(in: 0..<3, using: &generator) {
        case 0: bytes.remove(at: place)
        case 1: bytes[place] = UInt8.random(in: 0...255, using: &generator)
        default: bytes.insert(contentsOf: Array((Self.pieces.randomElement(using: &generator) ?? "").utf8), at: place)
        }
        if bytes.isEmpty { bytes = [0x28] }
      }
      digest(String(decoding: bytes, as: UTF8.self), runs: true)
    }
  }

  @Test(
    "hostile nesting is a problem, not a crash",
    arguments: [
      String(repeating: "(", count: 100_000), String(repeating: "[", count: 100_000),
      String(repeating: "- ", count: 100_000),
      String(repeating: "not ", count: 100_000), String(repeating: "x -> ", count: 50_000),
      String(repeating: "{a:", count: 50_000),
      "1" + String(repeating: "+1", count: 100_000), "x" + String(repeating: ".y", count: 100_000),
      "f" + String(repeating: "(1)", count: 50_000),
      String(repeating: "if true { ", count: 20_000), String(repeating: "\"{", count: 20_000),
      String(repeating: "2**", count: 50_000),
      String(repeating: "try { ", count: 20_000), "let x = []\nfor i in 1..100000 { x = [x] }",
      "let f = x -> x\nfor i in 1..100000 { let g = f\n f = x -> g(x) }\n",
    ])
  func nesting(_ text: String) {
    #expect(outcome(text).contains("error K0"))
  }
}
