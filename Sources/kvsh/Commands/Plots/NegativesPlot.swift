import Lang
import Runtime

/// `plot negatives`: figure 6 of the second paper; `plot negatives by=task`: what figure 7 shows.
struct NegativesPlot: PlotKind {
  let entry = NameEntry(
    "negatives", summary: "how many samples a set of compressors breaks, over the threshold or by task type",
    details: """
      by=theta draws the number of negative samples over theta, one line a set; by=task the share of each task type in a \
      set's negatives at one theta, with their rate among the benign samples of the type in the legend's table.
      """,
    parameters: [
      Parameter("by", .choice(["theta", "task"]), default: .string("theta"), doc: "What stands on the x axis."),
      Parameter(
        "theta", .value(.union([.number, .share])),
        doc: "Thresholds. Default: 0.1 to 0.9 (figure 6's script: 1 to 32 %), with by=task one, 0.1.", sweepable: true),
    ] + NegativeSets.parameters)

  func draw(_ call: Call) throws -> PlotValue {
    let judged = try NegativeSets(call, home: "")
    return try call.name("by") == "task" ? try byType(judged, call) : try byTheta(judged, call)
  }

  private func byTheta(_ judged: NegativeSets, _ call: Call) throws -> PlotValue {
    let given = NegativeSets.thetas(call)
    let isScript = try call.name("rule") == "figure6"
    let thetas =
      !given.isEmpty
      ? given.sorted()
      : isScript ? [0.01, 0.02, 0.04, 0.08, 0.10, 0.16, 0.24, 0.32] : [0.1, 0.2, 0.3, 0.4, 0.5, 0.6, 0.7, 0.8, 0.9]
    var chart = Chart(
      title: "Negative samples by threshold", x: .init(label: "theta", format: .share), y: .init(label: "samples"),
      legendColumns: ["at \(PlotNumber.short((thetas.first ?? 0) * 100)) %", "of benign"])
    var layers: [Chart.Layer] = []
    var rows: [Record] = []
    for (place, set) in judged.sets.enumerated() {
      let benign = judged.analysis.count(judged.analysis.benign(of: set.members))
      let counts = try thetas.map { theta in
        let found = try call.placing(at: "theta") { try judged.analysis.negatives(of: set.members, theta: theta) }
        return judged.analysis.count(found)
      }
      chart.series.append(
        .init(
          label: set.name, details: [PlotNumber.count(counts.first ?? 0), PlotNumber.count(benign)], color: place))
      let points = zip(thetas, counts).map { Chart.Point(x: $0, y: Double($1)) }
      layers += [.init(series: place, mark: .line(points)), .init(series: place, mark: .points(points))]
      rows += zip(thetas, counts).map {
        Record([
          ("set", .string(set.name)), ("theta", .float($0)), ("negatives", .int($1)), ("benign", .int(benign)),
        ])
      }
    }
    chart.panels = [.init(layers: layers)]
    chart.footnotes = notes(judged)
    let table = Table(rows: rows)
    return PlotValue(kind: entry.name, chart: chart, summary: table, data: table, command: call.span.source.text)
  }

  private func byType(_ judged: NegativeSets, _ call: Call) throws -> PlotValue {
    let thetas = NegativeSets.thetas(call)
    guard thetas.count <= 1 else {
      throw Problem(
        "K023", seen: "\(thetas.count) values of theta with by=task", expected: "one: the bars are of one threshold",
        labels: [.init(call.span(of: "theta"))])
    }
    let theta = thetas.first ?? 0.1
    var chart = Chart(
      title: "Negative samples by task type, theta = \(PlotNumber.short(theta * 100)) %", x: .init(label: "task type"),
      y: .init(label: "share of the set's negatives", format: .share), legendColumns: ["negatives"])
    var layers: [Chart.Layer] = []
    var rows: [Record] = []
    let width = 0.8 / Double(max(1, judged.sets.count))
    for (place, set) in judged.sets.enumerated() {
      let found = try call.placing(at: "theta") { try judged.analysis.negatives(of: set.members, theta: theta) }
      let groups = judged.counts(found, set.members, by: "type").map { Record($0) }
      chart.x.categories = groups.map { $0["type"]?.text ?? "" }
      chart.series.append(
        .init(label: set.name, details: [PlotNumber.count(judged.analysis.count(found))], color: place))
      let bars = groups.enumerated().map { index, group -> Chart.Bar in
        let share = if case .share(let share)? = group["share"] { share } else { 0.0 }
        let low = Double(index) - 0.4 + Double(place) * width
        return Chart.Bar(low: low, high: low + width, height: share)
      }
      layers.append(.init(series: place, mark: .bars(bars)))
      rows += groups.map { Record([("set", .string(set.name))] + zip($0.keys, $0.values).map { ($0, $1) }) }
    }
    chart.panels = [.init(layers: layers)]
    chart.footnotes = notes(judged)
    let table = Table(rows: rows)
    return PlotValue(kind: entry.name, chart: chart, summary: table, data: table, command: call.span.source.text)
  }

  private func notes(_ judged: NegativeSets) -> [String] {
    let negative = "negative if every configuration of the set is below (1 − theta) of the baseline."
    var notes =
      switch judged.analysis.rule.benign {
      case .mean: ["A benign sample (baseline at least the task's mean) is \(negative)"]
      case .median: ["A benign sample (baseline at least the task's median) is \(negative)"]
      case .all: ["A sample, whatever its baseline score, is \(negative)"]
      case .floor(let score): ["Benign: a baseline score of at least \(PlotNumber.short(score))."]
      }
    if !judged.analysis.rule.doubled.isEmpty {
      notes.append(
        "As the artifact's script: scores at the bound count, and passage_count is counted twice, as its list names it twice."
      )
    }
    return notes
  }
}
