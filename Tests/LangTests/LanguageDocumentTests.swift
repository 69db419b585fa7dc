import Foundation
import Testing

@testable import Lang

/// docs/language.md: every block runs, and what stands under it is what it prints.
@Suite("The reference of the language") struct LanguageDocumentTests {
  static let root = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
    .deletingLastPathComponent()

  struct Block: CustomTestStringConvertible {
    let line: Int
    let text: String
    /// It shows problems on purpose.
    let fails: Bool
    let output: String?
    var testDescription: String { "language.md:\(line)" }
  }

  static let text = (try? String(contentsOf: root.appendingPathComponent("docs/language.md"), encoding: .utf8)) ?? ""

  /// Fenced blocks in order: the word behind the fence, the first line's number and the text.
  private static let fences: [(kind: String, line: Int, text: String)] = {
    var fences: [(kind: String, line: Int, text: String)] = []
    var open: (kind: String, line: Int, lines: [Substring])?
    for (index, line) in text.split(separator: "\n", omittingEmptySubsequences: false).enumerated() {
      if let block = open {
        if line == "```" {
          fences.append((block.kind, block.line, block.lines.joined(separator: "\n")))
          open = nil
        } else {
          open?.lines.append(line)
        }
      } else if line.hasPrefix("```") {
        open = (String(line.dropFirst(3)), index + 2, [])
      }
    }
    return fences
  }()

  static let blocks: [Block] = fences.enumerated().compactMap { index, fence in
    guard fence.kind.hasPrefix("kvs") else { return nil }
    let next = index + 1 < fences.count ? fences[index + 1] : nil
    return Block(
      line: fence.line, text: fence.text, fails: fence.kind == "kvs fails",
      output: next?.kind == "text" ? next?.text : nil)
  }

  /// What the language alone prints, as the shell does.
  static func output(_ text: String) -> (text: String, fails: Bool) {
    var lines: [String] = []
    let context = Context(commands: CommandRegistry(TableCommands.all), output: { lines.append($0) })
    var fails = false
    do {
      try Interpreter(context: context).run(
        Source(name: "example.kvs", text: text),
        onResult: { result in
          guard result.isExpression else { return }
          switch result.value {
          case .nil: break
          case .table(let table): lines.append(TableDisplay(width: 80).render(table))
          case let value: lines.append(value.text)
          }
        })
    } catch let failure as CheckFailure {
      (lines, fails) = (lines + failure.problems.map(\.description), true)
    } catch {
      (lines, fails) = (lines + ["\(error)"], true)
    }
    return (lines.joined(separator: "\n"), fails)
  }

  @Test("what is shown under a block is what it prints", arguments: blocks)
  func shown(_ block: Block) throws {
    let expected = try #require(block.output, "no output is shown under \(block.testDescription)")
    let found = Self.output(block.text)
    #expect(found.text == expected, "\(block.testDescription)\n\(found.text)")
    #expect(found.fails == block.fails)
  }

  @Test("the reference has blocks, and names every function, every table command and every keyword")
  func complete() {
    #expect(Self.blocks.count > 12 && Self.blocks.contains { $0.fails })
    let words = Set(Self.text.split { !($0.isLetter || $0.isNumber || $0 == "_") }.map(String.init))
    for name in Builtins.all.map(\.name) + TableCommands.all.map(\.signature.name) + Array(Token.keywords) {
      #expect(words.contains(name), "`\(name)` is not in docs/language.md")
    }
  }
}
