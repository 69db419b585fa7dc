import Foundation
import Testing

@testable import Runtime

/// Profilers' tables, whole and damaged.
@Suite("Columns of comma-separated values") struct CSVColumnTests {
  @Test("columns are found by name; an empty cell is missing; line ends of either kind do")
  func columns() throws {
    let file = try CSVColumns("a,b\r\n1,0.5\r\n2,\r\n", name: "x.csv")
    #expect(try file.counts("a") == [1, 2] && file.numbers("b") == [0.5, nil] && file.texts("b") == ["0.5", ""])
  }

  @Test(
    "a damaged file is K632 with its place",
    arguments: [
      ("", "empty"), ("a,b\n1\n", "row 1 has 1 cells"), ("b\n1\n", "no column `a`"), ("a\nx\n", "`x`"),
      ("a\n-1\n", "`-1`"),
      ("a\n1e99\n", "`1e99`"), ("a\n99999999999\n", "`99999999999`"),
    ])
  func damaged(text: String, seen: String) {
    #expect {
      _ = try CSVColumns(text, name: "x.csv").counts("a")
    } throws: { error in
      (error as? RuntimeProblem)?.code == "K632" && (error as? RuntimeProblem)?.seen.contains(seen) == true
    }
  }

  @Test("numbers must be finite and not negative", arguments: ["nan", "inf", "-0.5", "1e999", "x"])
  func numbers(cell: String) {
    #expect(routeCode { try CSVColumns("a\n\(cell)\n", name: "x.csv").numbers("a") } == "K632")
  }

  @Test("any file cut short or with a byte changed is read or refused, never a trap", arguments: 0..<60)
  func hostile(seed: UInt64) throws {
    var generator = SplitMix64(seed: seed)
    let path = PublishedRouteTests.folder + "/throughput/llama-7b-kivi.csv"
    var bytes = try Data(contentsOf: URL(fileURLWithPath: path))
    bytes = bytes.prefix(1 + Int(generator.uniform() * Double(bytes.count)))
    for _ in 0..<3 {
      let place = Int(generator.uniform() * Double(bytes.count))
      bytes[place] = UInt8(truncatingIfNeeded: generator.next())
    }
    let file = FileManager.default.temporaryDirectory.appendingPathComponent("kvsh-\(UUID().uuidString).csv")
    try bytes.write(to: file)
    defer { try? FileManager.default.removeItem(at: file) }
    let code = routeCode {
      let measured = try MeasuredThroughput(path: file.path)
      let times = try MeasuredServiceTimes(measured, bytesPerToken: 1, cacheLimitTokens: nil)
      #expect(times.decodeSeconds(batch: 70, meanCachedTokens: 300).isFinite)
      #expect(times.prefillSeconds(promptTokens: [1, 9_000]).isFinite)
    }
    #expect(code == nil || code == "K632")
  }
}
