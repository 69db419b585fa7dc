import Lang
import Runtime

/// `plot route`: latencies, or the load of each server, over the arrival rate.
struct RoutePlot: PlotKind {
  let entry = NameEntry(
    "route", summary: "latencies of routed requests, or each server's load, over the arrival rate",
    details: """
      what=latency draws the mean as a line with its interval over seeds, p50 and p99 as lines of their own; what=load the \
      share of time that each server was busy. A line ends where the queue grows without end; the rate from which on it \
      does so is marked.
      """,
    parameters: [
      Parameter("what", .choice(["latency", "load"]), default: .string("latency"), doc: "What is drawn."),
      Parameter("log", .bool, default: .bool(false), doc: "Logarithmic value axis."),
    ])

  /// One row of `route`, as far as it is drawn.
  private struct Row {
    var series: String
    var rate: Double
    var capacity: Double
    var record: Record

    func number(_ name: String) -> Double? { record[name]?.asDouble }
  }

  func draw(_ call: Call) throws -> PlotValue {
    let table = try call.table()
    let rows = try rows(table, call)
    let isLoad = try call.name("what") == "load"
    var chart = Chart(
      title: isLoad ? "Load of the servers" : "End-to-end time of routed requests",
      x: .init(label: "arrivals, requests/s"),
      y: .init(
        label: isLoad ? "share of time busy" : "seconds", scale: try call.bool("log") ? .log : .linear,
        format: isLoad ? .share : .number))
    chart.panels = [.init(layers: [])]
    var names: [String] = []
    for row in rows where !names.contains(row.series) { names.append(row.series) }
    for name in names {
      let own = rows.filter { $0.series == name }.sorted { $0.rate < $1.rate }
      if isLoad { addLoads(own, name, to: &chart) } else { addLatencies(own, name, to: &chart) }
      // The first rate at which the queue grows without end lies above the capacity; the line has its end there.
      if let capacity = own.first(where: { $0.rate > $0.capacity })?.capacity {
        chart.panels[0].layers.append(
          .init(series: nil, mark: .verticalRule(x: capacity, label: names.count > 1 ? name : "capacity")))
      }
    }
    guard chart.panels[0].layers.contains(where: { if case .line = $0.mark { true } else { false } }) else {
      throw Problem(
        "K605", seen: "no row has a \(isLoad ? "load" : "mean")",
        expected: "rates below the capacity, or rows of `route finite=true`",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    chart.footnotes = notes(table, rows)
    return PlotValue(kind: entry.name, chart: chart, summary: table, data: table, command: call.span.source.text)
  }

  private func rows(_ table: Table, _ call: Call) throws -> [Row] {
    for name in ["config", "policy", "rate", "capacity", "mean_s", "busy"] where table.column(name) == nil {
      throw Problem(
        "K605", seen: "the table has no column `\(name)`", expected: "rows of `route`",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    let several = Set((0..<table.rowCount).map { table.cell($0, "config").text }).count > 1
    return (0..<table.rowCount).compactMap { row in
      let record = table.row(row)
      guard let rate = record["rate"]?.asDouble, let capacity = record["capacity"]?.asDouble else { return nil }
      let policy = record["policy"]?.text ?? ""
      return Row(
        series: several ? "\(record["config"]?.text ?? "") \(policy)" : policy, rate: rate, capacity: capacity,
        record: record)
    }
  }

  private func addLatencies(_ rows: [Row], _ name: String, to chart: inout Chart) {
    for (suffix, column) in [("mean", "mean_s"), ("p50", "p50_s"), ("p99", "p99_s")] {
      let points = rows.compactMap { row in row.number(column).map { Chart.Point(x: row.rate, y: $0) } }
      guard !points.isEmpty else { continue }
      let place = chart.series.count
      chart.series.append(.init(label: "\(name) \(suffix)", color: place))
      chart.panels[0].layers.append(.init(series: place, mark: .line(points)))
      chart.panels[0].layers.append(.init(series: place, mark: .points(points)))
      guard column == "mean_s" else { continue }
      let spans = rows.compactMap { row -> Chart.Span? in
        guard let low = row.number("low"), let high = row.number("high") else { return nil }
        return .init(x: row.rate, low: low, high: high)
      }
      if !spans.isEmpty { chart.panels[0].layers.append(.init(series: place, mark: .intervals(spans))) }
    }
  }

  private func addLoads(_ rows: [Row], _ name: String, to chart: inout Chart) {
    let loads = rows.map { row -> (rate: Double, shares: [Double]) in
      guard case .list(let values)? = row.record["busy"] else { return (row.rate, []) }
      return (row.rate, values.compactMap { if case .share(let share) = $0 { share } else { $0.asDouble } })
    }
    for server in 0..<(loads.map(\.shares.count).max() ?? 0) {
      let points = loads.compactMap { load in
        server < load.shares.count ? Chart.Point(x: load.rate, y: load.shares[server]) : nil
      }
      let place = chart.series.count
      chart.series.append(.init(label: "\(name) server \(server)", color: place))
      chart.panels[0].layers.append(.init(series: place, mark: .line(points)))
      chart.panels[0].layers.append(.init(series: place, mark: .points(points)))
    }
  }

  private func notes(_ table: Table, _ rows: [Row]) -> [String] {
    var notes: [String] = []
    if let requests = table.column("n")?.numbers.compactMap({ $0 }).first {
      notes.append("Each point is of \(PlotNumber.count(Int(requests))) simulated requests a seed.")
    }
    if rows.contains(where: { $0.rate > $0.capacity }) {
      notes.append("Beyond a vertical line the queue grows for as long as requests come.")
    }
    return notes
  }
}
