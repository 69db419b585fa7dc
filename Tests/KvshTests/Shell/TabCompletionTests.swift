import Lang
import Testing

@testable import kvsh

struct TabCompletionTests {
  private func choice(_ text: String, _ range: Range<Int>, _ kind: Completion.Kind = .command, doc: String = "")
    -> Completion
  { Completion(text, doc: doc, kind: kind, range: range) }

  private func offer(_ choices: [Completion], _ text: String, cursor: Int? = nil, lineStart: Int = 0)
    -> TabCompletion.Offer?
  { TabCompletion.offer(choices, text: text, lineStart: lineStart, cursor: cursor ?? text.utf8.count) }

  @Test("the only choice is finished with a blank, unless more must follow or a blank is there")
  func only() {
    #expect(offer([choice("compress", 0..<4)], "comp") == .init(deleted: 4, inserted: "compress "))
    #expect(
      offer([choice("bits=", 4..<6, .parameter)], "run bi") == .init(deleted: 2, inserted: "bits=", wordStart: 4))
    #expect(offer([choice("data/", 5..<6, .value)], "load d") == .init(deleted: 1, inserted: "data/", wordStart: 5))
    #expect(offer([choice("compress", 0..<4)], "comp kivi", cursor: 4) == .init(deleted: 4, inserted: "compress"))
    #expect(offer([choice("run", 0..<3)], "run kivi", cursor: 3) == nil)
    #expect(offer([], "x") == nil)
  }

  @Test("several choices type what they share and are listed")
  func several() {
    let choices = [choice("compress", 0..<4), choice("compressors", 0..<4)]
    #expect(offer(choices, "comp") == .init(deleted: 4, inserted: "compress", choices: choices))
    let whole = choices.map { choice($0.text, 0..<8) }
    #expect(offer(whole, "compress") == .init(choices: whole))
  }

  @Test("letters count as letters, not bytes")
  func letters() {
    let text = "\"日本語\" | 日本"
    let choices = [choice("日本語", 14..<20, .variable)]
    #expect(offer(choices, text) == .init(deleted: 2, inserted: "日本語 ", wordStart: 14))
  }

  @Test("in a later line of an input only that line is touched")
  func laterLine() {
    let text = "for i in 1..2 {\n  comp"
    #expect(
      offer([choice("compress", 18..<22)], text, lineStart: 16)
        == .init(deleted: 4, inserted: "compress ", wordStart: 2))
    #expect(offer([choice("forever", 0..<22)], text, lineStart: 16) == nil)
  }
}

struct CompletionListTests {
  private func list(_ count: Int, columns: Int = 80, rows: Int = 22) -> CompletionList {
    CompletionList(
      (0..<count).map { Completion("name\($0)", doc: "Does \($0).", kind: .command, range: 0..<0) },
      size: TerminalSize(columns: columns, rows: rows))
  }

  @Test("choices that fit have their doc lines beside them")
  func docs() {
    #expect(list(2).lines == ["name0  Does 0.", "name1  Does 1."])
  }

  @Test("a long list becomes columns, then is counted; no line is wider than the terminal", arguments: [20, 60, 200])
  func long(columns: Int) throws {
    for count in [5, 40, 300] {
      let lines = list(count, columns: columns).lines
      #expect(lines.count <= 22)
      #expect(lines.allSatisfy { PlotText.width($0) <= columns })
      let words = lines.flatMap { $0.split(separator: " ") }.filter { $0.hasPrefix("name") }
      if words.count < count {
        #expect(try #require(lines.last).hasPrefix("… and \(count - words.count) more".prefix(columns - 2)))
      }
    }
  }

  @Test("walking goes round in both directions, marks the choice, and shows the page and the doc line of it")
  func walk() {
    var list = list(300, columns: 40)
    #expect(list.step(forward: true).text == "name0")
    #expect(list.step(forward: false).text == "name299")
    #expect(list.lines.contains { $0.contains("name299") })
    #expect(list.lines.last == "Does 299.")
    #expect(list.step(forward: true).text == "name0")
    let marked = list.cells(usesColour: true).flatMap { $0 }.filter { $0.style == "7" }.map(\.text).joined()
    #expect(marked == "name0  ")
  }

  @Test("names with control characters are shown without them")
  func control() {
    let list = CompletionList(
      ["a\u{1B}[31m", "b\nc"].map { Completion($0, doc: "", kind: .value, range: 0..<0) }, size: .standard)
    #expect(list.lines.map { $0.trimmingSuffix { $0 == " " } } == ["a[31m", "b c"])
  }
}

extension String {
  fileprivate func trimmingSuffix(_ isTrimmed: (Character) -> Bool) -> String {
    var text = self
    while let last = text.last, isTrimmed(last) { text.removeLast() }
    return text
  }
}
