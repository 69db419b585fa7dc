import Lang
import Runtime

/// `plot latency`: figure 5 of the second paper, how the end-to-end latencies of a run are distributed.
struct LatencyPlot: PlotKind {
  /// Points of a curve at most.
  private static let mostPoints = 1_000

  let entry = NameEntry(
    "latency", summary: "the share of requests that are done within a time, for every configuration of a run",
    details: """
      The cumulative distribution of e2e_ms, the time from the start of a request's prefill to its last token; on=ttft_ms or \
      on=tbot_ms draws another time. A response that compression made longer takes longer, however fast its tokens are. \
      Times of rows that were run at different batch sizes do not compare, which a note tells.
      """,
    parameters: [
      Parameter("on", .column, default: .string("e2e_ms"), doc: "The column of times, in ms."),
      Parameter("log", .bool, default: .bool(true), doc: "Logarithmic time axis."),
    ])

  func draw(_ call: Call) throws -> PlotValue {
    let table = try call.table()
    let name = call.optional("on")?.text ?? "e2e_ms"
    guard let configs = table.column("config"), let times = table.column(name) else {
      throw Problem(
        "K605", seen: "the table has no column `\(table.column("config") == nil ? "config" : name)`",
        expected: "a table of `run`", labels: [.init(call.inputSpan ?? call.span)])
    }
    var labels: [String] = []
    var values: [String: [Double]] = [:]
    for (row, time) in times.numbers.enumerated() {
      let label = configs[row].text
      if values[label] == nil {
        labels.append(label)
        values[label] = []
      }
      if let time { values[label]?.append(time) }
    }
    let simulated = Set(
      table.column("storage").map { storage in
        (0..<table.rowCount).filter { storage[$0].text == "simulated" }.map { configs[$0].text }
      } ?? [])
    let isLog = try call.bool("log")
    var chart = Chart(
      title: "How long requests take", x: .init(label: name, scale: isLog ? .log : .linear),
      y: .init(label: "share of requests done", format: .share, range: 0...1),
      legendColumns: ["n", "median", "p90", "p99"])
    var layers: [Chart.Layer] = []
    var rows: [Record] = []
    var points: [Record] = []
    for label in labels {
      let times = values[label] ?? []
      guard !times.isEmpty else { continue }
      let distribution = try call.placingAtInput { try EmpiricalDistribution(times) }
      let median = try call.placingAtInput { try IntervalEstimate.median(of: times) }
      let mean = try call.placingAtInput { try IntervalEstimate.mean(of: times) }
      let (p90, p99) = (distribution.quantile(0.9), distribution.quantile(0.99))
      let series = chart.series.count
      chart.series.append(
        .init(
          label: label,
          details: [PlotNumber.count(times.count)] + [median.value, p90, p99].map { PlotNumber.short($0) + " ms" },
          color: series, hatched: simulated.contains(label)))
      let curve = distribution.points(most: Self.mostPoints)
      let start = curve.first.map { [Chart.Point(x: $0.value, y: 0)] } ?? []
      layers.append(.init(series: series, mark: .step(start + curve.map { Chart.Point(x: $0.value, y: $0.share) })))
      rows.append(
        Record([
          ("config", .string(label)), ("n", .int(times.count)), ("mean", .float(mean.value)),
          ("mean_low", mean.low.map { .float($0) } ?? .nil), ("mean_high", mean.high.map { .float($0) } ?? .nil),
          ("p50", .float(median.value)), ("p50_low", median.low.map { .float($0) } ?? .nil),
          ("p50_high", median.high.map { .float($0) } ?? .nil), ("p90", .float(p90)), ("p99", .float(p99)),
        ]))
      points += curve.map {
        Record([("config", .string(label)), (name, .float($0.value)), ("share", .float($0.share))])
      }
    }
    guard !rows.isEmpty else {
      throw Problem(
        "K605", seen: "no row has a number in `\(name)`", expected: "times in ms",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    chart.panels = [.init(layers: layers)]
    chart.footnotes = notes(table, isLog: isLog, times.numbers.compactMap { $0 })
    return PlotValue(
      kind: entry.name, chart: chart, summary: Table(rows: rows), data: Table(rows: points),
      command: call.span.source.text)
  }

  private func notes(_ table: Table, isLog: Bool, _ times: [Double]) -> [String] {
    var notes = ["Each curve: the share of requests done within the time."]
    let batches = Set(table.column("batch").map { column in column.values.compactMap(\.asInt) } ?? [])
    if batches.count > 1 {
      let list = batches.sorted().map(String.init).joined(separator: ", ")
      notes.append("Rows were run at batch \(list): times of different batches do not compare.")
    } else if let batch = batches.first, batch > 1 {
      notes.append("Run at batch \(batch): a request shares the machine with \(batch - 1) others. The paper's is 1.")
    }
    let hidden = times.count { $0 <= 0 }
    if isLog, hidden > 0 { notes.append("Not on a logarithmic axis: \(PlotNumber.count(hidden)) times of 0.") }
    return notes
  }
}
