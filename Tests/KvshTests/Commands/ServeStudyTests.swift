import Lang
import Testing

@testable import kvsh

/// `serve-study` on the real model: who is served by whom and what is said, never how fast.
@Suite(.serialized)
struct ServeStudyTests {
  let test: CommandSession
  private static let small = "sharegpt n=3 max_prompt=100 max=4 rounds=1 b_max=2"

  init() throws { test = try CommandSession() }

  @Test("a row a policy: measured beside simulated with the error, shares by server; a note says whose times these are")
  func policies() throws {
    let rows = try test.table(
      "compress kivi bits=4 residual=32 | serve-study \(Self.small) load=50% policy=[baseline, both] seeds=2")
    #expect(rows.columnNames == ServeRows.policyColumns)
    #expect(rows.strings("config") == ["kivi bits=4 residual=32", "kivi bits=4 residual=32"])
    #expect(rows.strings("policy") == ["baseline", "both"] && rows.strings("queue") == ["steady", "steady"])
    #expect(rows.ints("n") == [3, 3] && rows.ints("seeds") == [2, 2])
    #expect(rows.doubles("rate")[0] == rows.doubles("rate")[1])
    for row in 0..<2 {
      let (mean, simulated) = (rows.doubles("mean_s")[row], rows.doubles("sim_mean_s")[row])
      #expect(mean > 0 && simulated > 0 && rows.doubles("ttft_s")[row] <= mean)
      #expect(rows.doubles("low")[row] <= mean && mean <= rows.doubles("high")[row])
      #expect(rows.doubles("p50_s")[row] <= rows.doubles("p99_s")[row])
      #expect(rows.doubles("rate")[row] < rows.doubles("capacity")[row])
      guard case .share(let error) = rows.cell(row, "error"), case .share(let same) = rows.cell(row, "same_server"),
        case .list(let sent) = rows.cell(row, "sent"), case .list(let busy) = rows.cell(row, "busy")
      else {
        Issue.record("no shares in row \(row)")
        continue
      }
      #expect(error > -1 && (0...1).contains(same) && busy.count == 2)
      let total = sent.reduce(0.0) { if case .share(let share) = $1 { $0 + share } else { $0 } }
      #expect(abs(total - 1) < 0.002)
    }
    #expect(rows.cell(0, "speedup") == .nil && rows.cell(1, "speedup") != .nil && rows.cell(1, "sim_speedup") != .nil)
    let notes = test.printed()
    #expect(notes.contains { $0.contains("2 servers of 1 thread measured just now, all at work") })
    // The run before told the lengths, and no served answer was another than the run's.
    #expect(!notes.contains { $0.contains("were not those of the run") })
    #expect(try test.table("history | where rows > 0").ints("rows").contains(6))
  }

  @Test("the baseline is served first wherever it is named, so that every other policy has its speed-up")
  func order() throws {
    let rows = try test.table(
      "compress kivi bits=4 residual=32 | serve-study \(Self.small) load=50% policy=[both, baseline]")
    #expect(rows.strings("policy") == ["baseline", "both"])
    #expect(rows.cell(0, "speedup") == .nil && rows.cell(1, "speedup") != .nil && rows.cell(1, "sim_speedup") != .nil)
  }

  @Test("a row a request: the server that the policy names, times in their order, as many tokens as the run's answer")
  func requests() throws {
    let rows = try test.table(
      "compress kivi bits=4 residual=32 | serve-study \(Self.small) rate=50 finite=true per=request "
        + "policy=(r, s) -> if s.number == r.number % 2 { 0 } else { 1 }")
    #expect(rows.columnNames == ServeRows.requestColumns)
    #expect(rows.ints("request") == [0, 1, 2] && rows.ints("server") == [0, 1, 0])
    #expect(rows.strings("server_config") == ["fp16", "kivi bits=4 residual=32", "fp16"])
    #expect(rows.strings("policy") == ["own", "own", "own"] && rows.ints("sim_server") == [0, 1, 0])
    for row in 0..<3 {
      let times = ["arrival_s", "start_s", "first_s", "end_s"].map { rows.doubles($0)[row] }
      #expect(times == times.sorted() && times[1] < times[2])
      #expect(abs(rows.doubles("e2e_s")[row] - (times[3] - times[0])) < 1e-9)
    }
    let run = try test.table("run sharegpt n=3 max_prompt=100 max=4")
    let tokens = zip(run.ints("output_tokens"), run.strings("finish")).map { $0 + ($1 == "eos" ? 1 : 0) }
    #expect(rows.ints("tokens")[0] == tokens[0] && rows.ints("tokens")[2] == tokens[2])
    #expect(rows.ints("prompt_tokens") == run.ints("prompt_tokens"))
  }

  @Test(
    "a calibration has times of every batch and length of each configuration that a server runs, and serves nothing")
  func calibration() throws {
    let rows = try test.table(
      "compress kivi bits=4 | serve-study \(Self.small) policy=[baseline, both] per=calibration")
    #expect(rows.columnNames == ServeRows.calibrationColumns)
    #expect(Set(rows.strings("fleet")) == ["2 x kivi bits=4", "fp16 + kivi bits=4"])
    let mixed = (0..<rows.rowCount).filter { rows.strings("fleet")[$0] == "fp16 + kivi bits=4" }
    #expect(Set(mixed.map { rows.strings("server_config")[$0] }) == ["fp16", "kivi bits=4"])
    #expect(Set(rows.ints("batch")) == [1, 2] && Set(rows.strings("stage")) == ["prefill", "decode"])
    #expect(rows.doubles("ms").allSatisfy { $0 > 0 } && rows.ints("samples").allSatisfy { $0 > 0 })
    #expect(!test.progress.taken().contains { $0.label == "serve" })
  }

  @Test(
    "above the capacity nothing is served and there is no mean but `route`'s sentence; finite=true serves what there is"
  )
  func diverging() throws {
    let line = "serve-study \(Self.small) policy=baseline rate=1000"
    let rows = try test.table(line)
    #expect(rows.strings("queue") == ["diverges"] && rows.strings("config") == ["fp16"])
    #expect(rows.cell(0, "mean_s") == .nil && rows.cell(0, "sim_mean_s") == .nil && rows.cell(0, "error") == .nil)
    #expect(test.printed().contains { $0.contains("1000 requests/s arrive") && $0.contains("there is no mean") })
    #expect(!test.progress.taken().contains { $0.label == "serve" })
    let finite = try test.table(line + " finite=true")
    #expect(finite.strings("queue") == ["diverges"] && finite.doubles("mean_s")[0] > 0)
    #expect(test.printed().contains { $0.contains("would grow with n") })
  }

  @Test("a study that the user ends returns the rows that are finished, and the session goes on")
  func interrupted() throws {
    nonisolated(unsafe) let session = test.session
    test.progress.onUpdate { if $0.label == "serve", $0.note.contains("both") { session.interrupt() } }
    let rows = try test.table("compress kivi bits=4 | serve-study \(Self.small) policy=[baseline, both]")
    #expect(rows.strings("policy") == ["baseline"] && rows.doubles("mean_s")[0] > 0)
    #expect(test.printed().contains { $0.contains("interrupted; rows that are finished: 1") })
    test.progress.onUpdate { if $0.label == "run" { session.interrupt() } }
    let none = try test.table("serve-study sharegpt n=3 max_prompt=100 max=5 policy=baseline")
    #expect(none.rowCount == 0 && none.columnNames == ServeRows.policyColumns)
    test.progress.onUpdate(nil)
    #expect(try test.run("1 + 1") == .int(2))
  }

  @Test(
    "what is wrong is said where it stands, before anything runs",
    arguments: [
      ("serve-study", "K020", ""), ("serve-study nothing", "K013", "nothing"),
      ("serve-study sharegpt servers=1", "K023", "1"), ("serve-study sharegpt servers=2 fp16=3", "K630", "3"),
      ("serve-study sharegpt rate=1 load=50%", "K690", "50%"), ("serve-study sharegpt rate=0", "K023", "0"),
      ("serve-study sharegpt policy=fastest", "K013", "fastest"), ("42 | serve-study sharegpt", "K030", ""),
      ("serve-study sharegpt per=hour", "K024", "hour"),
    ])
  func hostile(text: String, code: String, place: String) throws {
    let problem = try test.problem(text).problem
    #expect(problem.code == code, "\(problem)")
    if !place.isEmpty { #expect(problem.span?.text.contains(place) == true) }
    #expect(test.progress.taken().isEmpty)
  }

  @Test("a capacity that no rate can be a share of is K691")
  func noCapacity() throws {
    #expect(try ServeOptions.rates(loads: [0.5, 2], capacity: 3, at: nil) == [1.5, 6])
    for capacity in [Double.infinity, 0] {
      let problem = #expect(throws: Problem.self) {
        try ServeOptions.rates(loads: [0.5], capacity: capacity, at: nil)
      }
      #expect(problem?.code == "K691")
    }
  }
}
