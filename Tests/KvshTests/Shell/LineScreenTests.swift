import Foundation
import Testing

@testable import kvsh

/// What stands on the screen while a line is typed.
@Suite(.serialized)
struct LineScreenTests {
  let home: TemporaryFolder

  init() throws { home = try TemporaryFolder() }

  private func shell(columns: Int = 40, rows: Int = 12, _ more: [String: String] = [:]) throws -> TmuxDriver {
    // The last row would be the program's own; a shell around it would redraw on a new size.
    let driver = try TmuxDriver(
      "exec '\(KvshProgram.path)'", environment: KvshProgram.environment(home, more), columns: columns, rows: rows)
    try driver.wait("the prompt") { $0.last == "kvsh>" }
    try driver.press("C-l")
    try driver.wait(for: ["kvsh>"], cursor: [6, 0])
    return driver
  }

  @Test("the cursor stands where the next letter goes, after letters of one, two and no column")
  func columns() throws {
    let driver = try shell()
    try driver.type("\"日本é\"")
    try driver.wait(for: ["kvsh> \"日本é\""], cursor: [13, 0])
    try driver.press("Left", "Left")
    try driver.wait(for: ["kvsh> \"日本é\""], cursor: [11, 0])
    try driver.type("x")
    try driver.wait(for: ["kvsh> \"日本xé\""], cursor: [12, 0])
    try driver.press("Left", "BSpace")
    try driver.wait(for: ["kvsh> \"日xé\""], cursor: [9, 0])
    try driver.press("C-e", "BSpace")
    try driver.type("e\u{301}🎉\"")
    try driver.press("Left", "Left", "Left")
    // One press for the accent and its letter.
    try driver.wait(for: ["kvsh> \"日xée\u{301}🎉\""], cursor: [11, 0])
    try driver.press("Right", "DC", "Enter")
    try driver.wait("the answer") { $0.dropLast().last == "日xée\u{301}" && $0.last == "kvsh>" }
  }

  @Test("a line folds at the edge, also in the middle of a wide letter, and is edited across it")
  func folds() throws {
    let driver = try shell(columns: 20)
    try driver.type("\"aaaaaaaaaaaa日本\"")
    try driver.wait(for: ["kvsh> \"aaaaaaaaaaaa", "日本\""], cursor: [5, 1])
    try driver.press("C-a")
    try driver.type("b")
    try driver.wait(for: ["kvsh> b\"aaaaaaaaaaaa", "日本\""], cursor: [7, 0])
    try driver.press("BSpace", "C-e", "BSpace", "BSpace", "BSpace", "BSpace")
    try driver.wait(for: ["kvsh> \"aaaaaaaaaaa"], cursor: [18, 0])
    try driver.type("aa")
    // A full row: the cursor waits on the next one.
    try driver.wait(for: ["kvsh> \"aaaaaaaaaaaaa"], cursor: [0, 1])
    try driver.type("\"")
    try driver.press("Enter")
    try driver.wait("the answer") { $0.contains("aaaaaaaaaaaaa") && $0.last == "kvsh>" }
  }

  @Test("a window that becomes narrow and wide again shows the line once, and nothing of it twice")
  func resize() throws {
    let driver = try shell(columns: 60)
    try driver.type("1 + 2")
    try driver.press("Enter")
    try driver.wait("the answer") { $0 == ["kvsh> 1 + 2", "3", "kvsh>"] }
    let line = "let numbers = [100, 200, 300, 400, 500]"
    try driver.type(line)
    try driver.wait(for: ["kvsh> " + line], cursor: [45, 2])
    try driver.resize(columns: 30, rows: 12)
    // What stood above may have left at the top: tmux counts the empty rows below.
    try driver.wait("the folded line") {
      Array($0.suffix(3)) == ["3", "kvsh> let numbers = [100, 200,", " 300, 400, 500]"]
    }
    try driver.resize(columns: 60, rows: 12)
    let rows = try driver.wait("the line") { Array($0.suffix(2)) == ["3", "kvsh> " + line] }
    #expect(rows.count { $0.contains("numbers") || $0.contains("400") } == 1)
    try driver.type(" + [6]")
    try driver.wait(for: ["kvsh> " + line + " + [6]"], cursor: [51, rows.count - 1])
  }

  @Test("words are coloured by what they are, as they are typed, and no colour is sent where none is wanted")
  func colours() throws {
    let driver = try shell(columns: 80)
    try driver.type("compress kivi bits=2 | frobnicate 1 # why")
    let row = try #require(try driver.wait("the line") { $0.last?.hasSuffix("# why") ?? false }.last)
    #expect(row.hasPrefix("kvsh> compress kivi"))
    let coloured = try #require(try driver.screen(colours: true).last)
    func has(_ style: String, _ word: String) -> Bool {
      coloured.contains("\u{1B}[\(style)m\(word)")
    }
    #expect(has("32", "kivi") && has("35", "2") && has("31", "frobnicate") && has("90", "# why"), "\(coloured)")
    let plain = try shell(columns: 80, ["NO_COLOR": "1"])
    try plain.type("compress kivi")
    try plain.wait(for: ["kvsh> compress kivi"], cursor: [19, 0])
    #expect(try plain.screen(colours: true).last == "kvsh> compress kivi")
  }

  @Test("Tab lists under the line and walks through the list; the next key takes the list away")
  func list() throws {
    let driver = try shell(columns: 80)
    try driver.type("compr")
    try driver.press("Tab")
    try driver.wait("the list") {
      $0.first == "kvsh> compress" && $0.count == 3 && $0[1].hasPrefix("compress     ")
        && $0[2].hasPrefix("compressors  ")
    }
    try driver.press("Tab", "Tab")
    try driver.wait("the second choice") { $0.first == "kvsh> compressors" && $0.count == 3 }
    try driver.press("BTab")
    try driver.wait("the first choice") { $0.first == "kvsh> compress" && $0.count == 3 }
    try driver.type(" ")
    try driver.wait(for: ["kvsh> compress"], cursor: [15, 0])
  }

  @Test("an input of several lines is edited as a whole, also when it comes back from the history")
  func severalLines() throws {
    let driver = try shell()
    try driver.type("[1,")
    try driver.press("Enter")
    try driver.type("2]")
    try driver.wait(for: ["kvsh> [1,", "  ... 2]"], cursor: [8, 1])
    try driver.press("Up", "Left")
    try driver.type("0")
    try driver.wait(for: ["kvsh> [01,", "  ... 2]"], cursor: [8, 0])
    try driver.press("BSpace", "Enter")
    try driver.wait("the answer") { $0.dropLast().last == "[1, 2]" }
    try driver.press("Up", "BSpace")
    try driver.type(", 3]")
    try driver.press("Enter")
    try driver.wait("the second answer") { $0.dropLast().last == "[1, 2, 3]" }
  }

  @Test("Ctrl-R shows what it finds and why it finds nothing; Enter runs what is found")
  func search() throws {
    let driver = try shell()
    for line in ["40 + 2", "\"forty\""] {
      try driver.type(line)
      try driver.press("Enter")
    }
    try driver.press("C-l")
    try driver.wait(for: ["kvsh>"], cursor: [6, 0])
    try driver.press("C-r")
    try driver.type("40")
    try driver.wait("the entry") { $0 == ["search `40`: 40 + 2"] }
    try driver.type("0")
    try driver.wait("that there is none") { $0 == ["not found `400`: 40 + 2"] }
    try driver.press("BSpace", "Enter")
    try driver.wait("the answer") { $0 == ["kvsh> 40 + 2", "42", "kvsh>"] }
  }
}
