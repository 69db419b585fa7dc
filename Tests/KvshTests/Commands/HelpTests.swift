import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// `help`, and that every code there is has an explanation.
@Suite
struct HelpTests {
  let test: CommandSession

  init() throws { test = try CommandSession(hasModel: false) }

  private func help(_ topic: String) throws -> String {
    try test.run("help \(topic)")
    return test.printed().joined(separator: "\n")
  }

  @Test("the overview names every command")
  func overview() throws {
    let text = try help("")
    let words = Set(text.split { $0 == " " || $0 == "\n" })
    let lines = try help("commands")
    for signature in test.session.context.commands.signatures {
      #expect(words.contains(Substring(signature.name)), "\(signature.name)")
      #expect(lines.contains("  \(signature.name) "), "\(signature.name)")
    }
    for card in Compressors.all { #expect(words.contains(Substring(card.name)), "\(card.name)") }
  }

  @Test("a method's help shows its paper, parameters with defaults, presets and deviations")
  func methods() throws {
    for card in Compressors.all {
      let text = try help(card.name)
      #expect(
        text.contains(card.paper) && text.contains(card.title) && text.contains("storage: \(card.storage.rawValue)"))
      let listed = try #require(text.components(separatedBy: "\nparameters\n").last)
      for parameter in card.parameters {
        let line = try #require(
          listed.split(separator: "\n").first { $0.hasPrefix("  \(parameter.name) ") }, "\(card.name) \(parameter.name)"
        )
        switch parameter.defaultValue {
        case .int(let number): #expect(line.contains("default \(number)"))
        case .word(let word): #expect(line.contains("default \(word)"))
        case nil: #expect(line.contains("Default: \(parameter.defaultNote ?? "?")."))
        default: #expect(line.contains("default "))
        }
        if case .oneOf(let numbers) = parameter.kind {
          #expect(line.contains("one of \(numbers.map(String.init).joined(separator: ", "))"))
        }
      }
      for preset in card.presets {
        #expect(text.contains("\(card.name)/\(preset.name)") && text.contains(preset.source))
        #expect(try help("\(card.name)/\(preset.name)").contains(preset.source))
      }
      for deviation in card.deviations { #expect(text.contains(deviation)) }
    }
  }

  @Test("a command's help shows its parameters and examples")
  func commands() throws {
    for signature in test.session.context.commands.signatures {
      let text = try help(signature.name)
      #expect(text.contains(signature.summary))
      for parameter in signature.parameters { #expect(text.contains("  \(parameter.name)"), "\(signature.name)") }
      for example in signature.examples { #expect(text.contains(example.code)) }
    }
    let run = try help("run")
    for word in ["max", "temperature", "seed", "batch", "baseline", "default 1024"] { #expect(run.contains(word)) }
  }

  @Test("data sets and plots have help of their own")
  func names() throws {
    #expect(try help("sharegpt").contains("min_turns"))
    #expect(try help("prompts").contains("JSON Lines"))
    #expect(try help("lengthdiff").contains("threshold"))
    #expect(try help("dataset").contains("prompts"))
  }

  @Test("every code that a source file names has an explanation")
  func codes() throws {
    let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
      .deletingLastPathComponent().deletingLastPathComponent()
    let files = try #require(
      FileManager.default.enumerator(at: root.appendingPathComponent("Sources"), includingPropertiesForKeys: nil))
    var codes: [String: String] = [:]
    for case let file as URL in files where file.pathExtension == "swift" {
      let text = try String(contentsOf: file, encoding: .utf8)
      for match in text.matches(of: /"(K\d{3})"/) { codes[String(match.output.1)] = file.lastPathComponent }
    }
    #expect(codes.count > 80)
    for (code, file) in codes.sorted(by: { $0.key < $1.key }) {
      #expect(test.session.problems[code] != nil, "\(code) of \(file)")
    }
    let entries = test.session.problems.entries
    #expect(Set(entries.map(\.code)).count == entries.count)
    for entry in entries {
      #expect(!entry.title.isEmpty && entry.explanation.count > 10, "\(entry.code)")
      #expect(try help(entry.code).hasPrefix("\(entry.code): \(entry.title)"))
    }
  }
}
