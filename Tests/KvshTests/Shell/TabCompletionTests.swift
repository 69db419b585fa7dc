import Lang
import Testing

@testable import kvsh

struct TabCompletionTests {
  private func choice(_ text: String, _ range: Range<Int>, _ kind: Completion.Kind = .command, doc: String = "")
    -> Completion
  { Completion(text, doc: doc, kind: kind, range: range) }

  private func answer(
    _ choices: [Completion], _ text: String, cursor: Int? = nil, lineStart: Int = 0, columns: Int = 80, rows: Int = 24
  ) -> LineEditor.Answer? {
    TabCompletion(size: TerminalSize(columns: columns, rows: rows), promptWidth: 6)
      .answer(choices, text: text, lineStart: lineStart, cursor: cursor ?? text.utf8.count)
  }

  @Test("the only choice is finished with a blank, unless more must follow or a blank is there")
  func only() {
    #expect(answer([choice("compress", 0..<4)], "comp") == .init(deleted: 4, inserted: "compress "))
    #expect(answer([choice("bits=", 4..<6, .parameter)], "run bi") == .init(deleted: 2, inserted: "bits="))
    #expect(answer([choice("data/", 5..<6, .value)], "load d") == .init(deleted: 1, inserted: "data/"))
    #expect(answer([choice("compress", 0..<4)], "comp kivi", cursor: 4) == .init(deleted: 4, inserted: "compress"))
    #expect(answer([choice("run", 0..<3)], "run kivi", cursor: 3) == nil)
    #expect(answer([], "x") == nil)
  }

  @Test("several choices type what they share and are listed with their doc lines")
  func several() {
    let choices = [
      choice("compress", 0..<4, doc: "Chooses a method."), choice("compressors", 0..<4, doc: "Lists them."),
    ]
    let list = "compress     Chooses a method.\ncompressors  Lists them."
    #expect(answer(choices, "comp") == .init(deleted: 4, inserted: "compress", list: list))
    let whole = choices.map { choice($0.text, 0..<8, doc: $0.doc) }
    #expect(answer(whole, "compress") == .init(list: list))
  }

  @Test("letters count as letters, not bytes")
  func letters() {
    let text = "\"日本語\" | 日本"
    let choices = [choice("日本語", 14..<20, .variable)]
    #expect(answer(choices, text) == .init(deleted: 2, inserted: "日本語 "))
  }

  @Test("in a later line of an input only that line is touched")
  func laterLine() {
    let text = "for i in 1..2 {\n  comp"
    #expect(answer([choice("compress", 18..<22)], text, lineStart: 16) == .init(deleted: 4, inserted: "compress "))
    #expect(answer([choice("forever", 0..<22)], text, lineStart: 16) == nil)
  }

  @Test("the list begins below a line that wraps")
  func wrapped() {
    let line = String(repeating: "a", count: 30)
    let choices = [choice("b1", 2..<2), choice("b2", 2..<2)]
    #expect(answer(choices, line, cursor: 2, columns: 20)?.rowsBelow == 1)
    #expect(answer([choice("b1", 30..<30), choice("b2", 30..<30)], line, columns: 20)?.rowsBelow == 0)
    #expect(answer(choices, "aa\nbb\ncc", cursor: 2)?.rowsBelow == 2)
  }

  @Test("a long list becomes columns, then is counted; no line is wider than the terminal", arguments: [20, 60, 200])
  func long(columns: Int) throws {
    let many = (0..<300).map { choice("name\($0)", 0..<0, doc: "Does \($0).") }
    let tab = TabCompletion(size: TerminalSize(columns: columns, rows: 24), promptWidth: 6)
    for count in [5, 40, 300] {
      let lines = tab.list(Array(many.prefix(count))).split(separator: "\n")
      #expect(lines.count <= 22)
      #expect(lines.allSatisfy { PlotText.width(String($0)) <= columns } || lines.last?.hasPrefix("…") == true)
      let words = lines.flatMap { $0.split(separator: " ") }.filter { $0.hasPrefix("name") }
      if words.count < count {
        let rest = try #require(lines.last)
        #expect(rest.hasPrefix("… and \(count - words.count) more"))
      }
    }
  }

  @Test("names with control characters are shown without them")
  func control() {
    let list = TabCompletion(size: .standard, promptWidth: 6).list([
      choice("a\u{1B}[31m", 0..<0, .value), choice("b\nc", 0..<0, .value),
    ])
    #expect(list == "a[31m\nb c")
  }
}
