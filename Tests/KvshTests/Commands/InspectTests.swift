import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// `inspect` and `plot cache`.
@Suite(.serialized)
struct InspectTests {
  let test: CommandSession
  private static let text = "One two three four five six seven eight nine ten eleven twelve."

  init() throws { test = try CommandSession() }

  @Test("a row a layer and head, the kept positions among them, and a strip that dots what is dropped")
  func heads() throws {
    let table = try test.table("compress streamingllm sink=2 recent=3 | inspect \"\(Self.text)\"")
    #expect(table.rowCount == 90 && table.columnNames == InspectCommand.headColumns)
    let tokens = table.ints("tokens")[0]
    #expect(table.ints("kept") == Array(repeating: 5, count: 90))
    #expect(table.ints("sink") == Array(repeating: 2, count: 90) && table.ints("window").allSatisfy { $0 == 3 })
    #expect(table.strings("stored").allSatisfy { $0 == "0-1@16/16 \(tokens - 3)-\(tokens - 1)@16/16" })
    #expect(table.doubles("key_bits").allSatisfy { $0 == 16 })
    let printed = try #require(test.printed().first)
    #expect(printed.hasPrefix("streamingllm sink=2 recent=3: "))
    let strip = try #require(printed.split(separator: "\n").last)
    #expect(strip.hasPrefix("One two ·") && strip.contains("·····") && strip.count == Self.text.count)
  }

  @Test("by=token: a score, a rank and a reason for each, and bits for what is packed")
  func tokens() throws {
    let table = try test.table("compress h2o heavy=3 recent=4 variant=prefill | inspect \"\(Self.text)\" by=token")
    #expect(table.columnNames == InspectCommand.tokenColumns)
    let count = table.rowCount / 90
    for head in 0..<90 {
      let rows = head * count..<(head + 1) * count
      let reasons = rows.map { table.cell($0, "why").text }
      #expect(reasons.count { $0 == "score" } == 3 && reasons.suffix(4).allSatisfy { $0 == "window" })
      for row in rows where table.cell(row, "why").text == "score" {
        #expect((table.cell(row, "rank").asInt ?? 99) <= 3 && table.cell(row, "kept") == .bool(true))
      }
    }
  }

  @Test("plot cache draws layers by positions, one panel a configuration, in the terminal, as SVG and as a page")
  func plot() throws {
    let line =
      "compress [streamingllm(sink=2, recent=3), h2o(heavy=2, recent=3)] | inspect \"\(Self.text)\" | plot cache"
    guard case .object(let object as PlotValue) = try test.run(line) else {
      Issue.record("no plot")
      return
    }
    #expect(object.chart.panels.count == 2)
    guard case .cells(let cells) = object.chart.panels[0].layers[0].mark else {
      Issue.record("no cells")
      return
    }
    #expect(cells.rows == 30 && cells.values.prefix(2) == [16, 16] && cells.values[2] == 0)
    #expect(cells.values.count { $0 == 16 } == 150 && cells.values.count { $0 == 0 } == 30 * (cells.columns - 5))
    let text = TerminalPlot(width: 80).render(object.chart)
    #expect(text.contains("█") && text.split(separator: "\n").allSatisfy { $0.count <= 80 })
    #expect(TerminalPlot(width: 80, style: .ascii).render(object.chart).contains("@"))
    #expect(SVGPlot().render(object.chart).contains("<rect"))
    #expect(VegaLite().render(object.chart).contains("\"rect\""))
    try test.run("\(line) | save \"\(test.folder.path)/cache.html\"")
    #expect(FileManager.default.fileExists(atPath: test.folder.path + "/cache.html"))
  }

  @Test("a table that is not inspect's, or was edited into nonsense, is one problem")
  func problems() throws {
    #expect(try test.problem("[{config: \"a\"}] | table | plot cache").problem.code == "K605")
    for stored in ["x", "3@16", "5-2@16/16", "0-99999999999@2/2", "-1@2/2", "1-2@a/b"] {
      let row = "[{config: \"a\", layer: 0, tokens: 4, stored: \"\(stored)\"}]"
      #expect(try test.problem("\(row) | table | plot cache").problem.code == "K605", "\(stored)")
    }
  }

  @Test("stored ranges read as they are written", arguments: ["", "0@16/16", "0-95@2/2 96-120@16/16", "4@1.5/3"])
  func ranges(text: String) throws {
    #expect(try #require(StoredRanges(text: text)).text == text)
  }
}
