import Foundation
import Lang
import Testing

@testable import kvsh

/// `route` and `plot route`: the sheet's figures through the language, policies written in it, and queues that grow.
@Suite(.serialized)
struct RouteCommandTests {
  let test: CommandSession
  private static let from = "from=\"\(PublishedFolder.madeUp)\""
  private static let published = "from=\"\(PublishedFolder.path ?? "")\""

  init() throws { test = try CommandSession(hasModel: false) }

  @Test(
    "the table of the four policies is the sheet's, finite where a queue would grow without end",
    .enabled(if: PublishedFolder.path != nil, PublishedFolder.missing))
  func table() throws {
    let rows = try test.table(
      "compress [kivi(bits=4), gear, h2o, streamingllm] "
        + "| route policy=[baseline, throughput, length, both] finite=true \(Self.published)")
    #expect(rows.rowCount == 16 && rows.columnNames == RouteRows.columns)
    let expected: [String: [Double]] = [
      "baseline": [11.305, 13.442, 11.119, 10.694], "throughput": [10.808, 11.560, 10.624, 10.489],
      "length": [10.434, 14.404, 9.555, 8.836], "both": [8.418, 9.326, 8.545, 7.697],
    ]
    for (policy, means) in expected {
      let own = (0..<16).filter { rows.strings("policy")[$0] == policy }
      for (row, mean) in zip(own, means) { #expect(abs(rows.doubles("mean_s")[row] / mean - 1) < 0.01, "\(policy)") }
    }
    #expect(rows.strings("config")[0] == "kivi bits=4" && rows.cell(0, "speedup") == .nil)
    let speedup = try #require(rows.cell(3, "speedup").asDouble)
    #expect(abs(speedup - 11.305 / 8.418) < 0.02)
    // Of kivi's `length` and gear's more arrives than can be finished.
    #expect(rows.strings("queue").filter { $0 == "diverges" }.count == 2)
    #expect(test.printed().filter { $0.contains("would grow with n") }.count == 2)
  }

  @Test(
    "the uncompressed cache alone is the first column of the sheet's table",
    .enabled(if: PublishedFolder.path != nil, PublishedFolder.missing))
  func plain() throws {
    let rows = try test.table("route policy=baseline \(Self.published)")
    #expect(rows.strings("config") == ["fp16"] && abs(rows.doubles("mean_s")[0] / 9.871 - 1) < 0.01)
    #expect(rows.cell(0, "low") == .nil && rows.strings("queue") == ["steady"])
  }

  @Test("above the capacity there is no mean but a sentence, and the loads are still told")
  func diverging() throws {
    let rows = try test.table("route gear policy=length rate=[5, 10] n=300 \(Self.from)")
    #expect(rows.strings("queue") == ["steady", "diverges"])
    #expect(rows.cell(0, "mean_s") != .nil)
    for column in ["mean_s", "low", "high", "p50_s", "p99_s", "ttft_s", "speedup"] {
      #expect(rows.cell(1, column) == .nil, "\(column)")
    }
    let line = try #require(test.printed().first)
    #expect(
      line.contains("policy length: 10 requests/s arrive") && line.contains("the queue diverges and there is no mean"))
    guard case .list(let busy) = rows.cell(1, "busy") else {
      Issue.record("busy is no list")
      return
    }
    #expect(busy.count == 4)
  }

  @Test("a policy of the language that asks for the end-to-end time is `both`, and may use what it knows of r and s")
  func language() throws {
    let line = "rate=12 n=400 \(Self.from) | select mean_s p99_s sent"
    let both = try test.run("route kivi policy=both \(line)")
    #expect(try test.run("route kivi policy=(r, s) -> e2e(r, s) \(line)") == both)
    let parts = "prefill_s(r, s) + answer_tokens(r, s) * tbot(r, s)"
    let idle = try test.table("route kivi policy=(r, s) -> \(parts) servers=2 rate=0.01 n=20 \(Self.from)")
    let named = try test.table("route kivi policy=both servers=2 rate=0.01 n=20 \(Self.from)")
    #expect(idle.doubles("mean_s") == named.doubles("mean_s") && idle.strings("policy") == ["own"])
    let memory = try test.run(
      "def least(r, s) { s.held_bytes }\nroute kivi policy=[(least), \"baseline\"] fp16=0 n=300 \(Self.from) | select mean_s"
    )
    guard case .table(let table) = memory else {
      Issue.record("no table")
      return
    }
    #expect(table.doubles("mean_s").count == 2 && table.doubles("mean_s")[0] == table.doubles("mean_s")[1])
    let state = "s.number + s.running + s.waiting + s.prefilling + s.held_tokens + r.number + r.prompt_tokens"
    #expect(try test.table("route h2o policy=(r, s) -> \(state) n=100 \(Self.from)").rowCount == 1)
    let first = try test.table(
      "route kivi policy=(r, s) -> if s.config == \"fp16\" { 0 } else { 1 } rate=1 n=50 \(Self.from)")
    guard case .list(let sent) = first.cell(0, "sent") else {
      Issue.record("sent is no list")
      return
    }
    #expect(sent == [.share(1), .share(0), .share(0), .share(0)])
  }

  @Test("a function that is called like a policy of the paper is not taken for it")
  func sameName() throws {
    let rows = try test.table(
      "def baseline(r, s) { s.number }\nroute kivi policy=[(baseline), \"both\"] rate=1 n=50 \(Self.from)")
    #expect(rows.strings("policy") == ["baseline (own)", "both"])
    #expect(rows.cells("speedup") == [.nil, .nil])
  }

  @Test("several seeds give an interval, and the same line the same rows")
  func seeds() throws {
    let line = "route streamingllm policy=both rate=[8, 12] seeds=3 eps=0.12 n=200 \(Self.from)"
    let rows = try test.table(line)
    for row in 0..<2 {
      let mean = rows.doubles("mean_s")[row]
      #expect(rows.doubles("low")[row] < mean && mean < rows.doubles("high")[row])
    }
    #expect(try test.run(line) == .table(rows))
    #expect(rows.ints("seeds") == [3, 3] && rows.doubles("p99_s")[0] > rows.doubles("p50_s")[0])
  }

  @Test("times out of the predictor give other means of the same order")
  func predicted() throws {
    let measured = try test.table("route kivi policy=both n=300 \(Self.from)").doubles("mean_s")[0]
    let predicted = try test.table("route kivi policy=both times=predicted n=300 \(Self.from)").doubles("mean_s")[0]
    #expect(measured != predicted && (0.5...2).contains(predicted / measured))
  }

  @Test("rows of a run are replayed: their prompts, and the lengths of both configurations")
  func replayed() throws {
    let run = """
      let rows = [{config: "fp16", sample: "a", prompt_tokens: 100, output_tokens: 50}, \
      {config: "kivi", sample: "a", prompt_tokens: 100, output_tokens: 60}, \
      {config: "fp16", sample: "b", prompt_tokens: 300, output_tokens: 20}] | table
      """
    let rows = try test.table(run + "\nrows | route kivi policy=baseline rate=0.01 n=10 \(Self.from)")
    // Alone on an idle server each takes the same time, to the last bits of the clock.
    #expect(abs(rows.doubles("p50_s")[0] - rows.doubles("p99_s")[0]) < 1e-6)
    #expect(try test.problem(run + "\nrows | route h2o \(Self.from)").problem.code == "K605")
    #expect(try test.problem(run + "\nrows | route \(Self.from)").problem.code == "K630")
    let row = "{config: \"fp16\", sample: \"a\", prompt_tokens: 9, output_tokens: 5}"
    let other = "{config: \"kivi\", sample: \"a\", prompt_tokens: 9}"
    for (rows, code, words) in [("[\(row), \(row)]", "K623", "twice"), ("[\(row), \(other)]", "K605", "row 1")] {
      let problem = try test.problem("\(rows) | table | route kivi \(Self.from)").problem
      #expect(problem.code == code && problem.seen.contains(words), "\(problem)")
    }
    #expect(try test.problem("[{config: \"fp16\"}] | table | route kivi \(Self.from)").problem.code == "K605")
  }

  @Test(
    "what is wrong is said where it stands",
    arguments: [
      ("route kivi", "K637", "route kivi"), ("route kivi from=\"nowhere\"", "K631", "\"nowhere\""),
      ("route snapkv FROM", "K633", "snapkv"), ("route kivi bits=2 FROM", "K633", "kivi"),
      ("route kivi servers=2 fp16=3 FROM", "K630", "3"), ("route kivi policy=(r, s) -> \"x\" FROM", "K635", ""),
      ("route kivi policy=(r, s) -> 1e308 * 10 FROM", "K635", ""),
      ("route kivi policy=fastest FROM", "K013", "fastest"),
      ("route kivi rate=0 FROM", "K023", "0"), ("route kivi n=0 FROM", "K023", "0"),
    ])
  func hostile(text: String, code: String, place: String) throws {
    let problem = try test.problem(text.replacing("FROM", with: Self.from)).problem
    #expect(problem.code == code, "\(problem)")
    if !place.isEmpty {
      #expect(problem.span?.text.contains(place) == true, "\(String(describing: problem.span?.text))")
    }
  }

  @Test("plot route draws latencies and loads, marks the capacity, and refuses rows without them")
  func plot() throws {
    let rows = "route kivi policy=[length, both] rate=[4, 8, 12] seeds=2 n=200 \(Self.from)"
    guard case .object(let object) = try test.run("\(rows) | plot route"), let plot = object as? PlotValue else {
      Issue.record("no plot")
      return
    }
    #expect(
      plot.chart.series.map(\.label) == [
        "length mean", "length p50", "length p99", "both mean", "both p50", "both p99",
      ])
    let lines = plot.chart.panels[0].layers.compactMap {
      if case .line(let points) = $0.mark { points.count } else { nil }
    }
    // `length` has no mean at 12.
    #expect(lines == [2, 2, 2, 3, 3, 3])
    #expect(
      plot.chart.panels[0].layers.contains {
        if case .verticalRule(let x, _) = $0.mark { x > 8 && x < 12 } else { false }
      })
    #expect(plot.chart.panels[0].layers.contains { if case .intervals = $0.mark { true } else { false } })
    let picture = TerminalPlot(width: 80).render(plot.chart)
    #expect(picture.contains("requests/s") && picture.contains("both p99"))
    guard case .object(let loads) = try test.run("\(rows) | plot route what=load"), let load = loads as? PlotValue
    else {
      Issue.record("no plot")
      return
    }
    #expect(load.chart.series.count == 8 && load.chart.series[0].label == "length server 0")
    #expect(try test.problem("[{a: 1}] | table | plot route").problem.code == "K605")
    let none = "route gear policy=length rate=20 n=50 \(Self.from) | plot route"
    #expect(try test.problem(none).problem.code == "K605")
  }
}
