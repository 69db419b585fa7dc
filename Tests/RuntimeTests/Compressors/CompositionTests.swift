import Foundation
import Testing

@testable import Runtime

/// Which methods go together, tried on a small model; docs/composition.md shows the outcome.
struct CompositionTests {
  /// The first configuration of each method that acts within a few tokens and drops at the end of the prompt, if it has
  /// a choice: only so can what is left be packed.
  static let methods: [(name: String, make: @Sendable () throws -> Compressor)] = Compressors.all.map { card in
    (
      card.name,
      {
        let own = PromiseTests.configurations.indices.filter { PromiseTests.configurations[$0].name == card.name }
        let index = try #require(own.first)
        let (name, integers, words) = PromiseTests.configurations[index]
        let once = card.parameters.contains {
          if case .word(let words) = $0.kind { $0.name == "variant" && words.contains("prefill") } else { false }
        }
        return try .of(name, integers, words: once ? words.merging(["variant": "prefill"]) { $1 } : words)
      }
    )
  }

  /// How one method goes after another: "yes", or why it is refused.
  static func outcome(_ first: Int, _ second: Int) throws -> String {
    do {
      let both = try methods[first].make().composed(with: methods[second].make())
      let rows = try MethodInvariantTests.rows(PromiseTests.tiny, both, [40])
      return rows.values.allSatisfy { $0.tokens.count == 12 } ? "yes" : "ended early"
    } catch let problem as RuntimeProblem {
      return "\(problem.code): \(problem.seen)"
    }
  }

  /// One row a method: what it goes with, and reasons by the methods they are given for.
  static func page() throws -> String {
    var lines = [
      "# What goes with what", "",
      "Two methods in a row, `compress A | compress B`, each in a setting that acts on 40 tokens of a small model. This page is",
      "written by the test that tries all pairs (`KVSH_WRITE_DOCS=1 scripts/test --filter CompositionTests`) and held to it by",
      "every other run. A method that can drop at the end of the prompt does (`variant=prefill`), because single tokens cannot",
      "leave packed groups later.", "",
      "| method | slots | runs before or after |", "|---|---|---|",
    ]
    var reasons: [String: [String]] = [:]
    for first in methods.indices {
      var goes: [String] = []
      for second in methods.indices where second != first {
        let forward = try outcome(first, second)
        let backward = try outcome(second, first)
        switch (forward, backward) {
        case ("yes", "yes"): goes.append(methods[second].name)
        case ("yes", _): goes.append("\(methods[second].name) (only after)")
        case (_, "yes"): goes.append("\(methods[second].name) (only before)")
        default:
          if first < second {
            reasons[reason(forward), default: []].append("\(methods[first].name) + \(methods[second].name)")
          }
        }
      }
      let slots = try methods[first].make().slots.filled.joined(separator: ", ")
      lines.append("| `\(methods[first].name)` | \(slots) | \(goes.isEmpty ? "none" : goes.joined(separator: ", ")) |")
    }
    lines += ["", "Why the others are refused, before a model is loaded:", ""]
    for (reason, pairs) in reasons.sorted(by: { ($0.value.count, $1.key) > ($1.value.count, $0.key) }) {
      let shown = pairs.prefix(6).joined(separator: ", ")
      lines.append("- \(reason) (\(pairs.count) pairs): \(shown)\(pairs.count > 6 ? ", ..." : "")")
    }
    return lines.joined(separator: "\n") + "\n"
  }

  /// The reason without the names of the methods it was given for.
  private static func reason(_ outcome: String) -> String {
    if let range = outcome.range(of: "both fill the ") { return "both fill the " + outcome[range.upperBound...] }
    if let range = outcome.range(of: " would ") { return "would " + outcome[range.upperBound...] }
    return outcome
  }

  @Test("docs/composition.md is what trying all pairs gives")
  func pageIsTrue() throws {
    let file = PackageFolder.root.appendingPathComponent("docs/composition.md")
    let page = try Self.page()
    if ProcessInfo.processInfo.environment["KVSH_WRITE_DOCS"] == "1" {
      try page.write(to: file, atomically: true, encoding: .utf8)
    }
    #expect(try String(contentsOf: file, encoding: .utf8) == page)
  }

  @Test(
    "what the paper's users put together runs",
    arguments: [
      ["snapkv", "kivi"], ["adakv", "quarot"], ["pyramidkv", "gear"], ["llmlingua", "h2o", "quarot"],
      ["quest", "kivi"],
    ])
  func named(_ names: [String]) throws {
    let makes = try names.map { name in try #require(Self.methods.first { $0.name == name }).make }
    let all = try makes.dropFirst().reduce(try makes[0]()) { try $0.composed(with: $1()) }
    let rows = try MethodInvariantTests.rows(PromiseTests.tiny, all, [50])
    #expect(rows.values.allSatisfy { $0.tokens.count == 12 })
  }
}
