/// The numbers of one configuration in the figure of length differences (figure 4 with table 5 in its legend).
struct LengthDifferenceSeries: Equatable, Sendable {
  var label: String
  /// Configurations of one group share a panel, such as the two settings of one method; empty: a panel of its own.
  var group: String = ""
  /// Simulated storage: drawn hatched.
  var simulated: Bool = false
  /// Histogram edges in percent; empty when no value is left. // [bins + 1]
  var edges: [Double] = []
  /// // [bins]
  var densities: [Double] = []
  /// The density curve; both empty when there is none. // [points]
  var curveX: [Double] = []
  var curveDensity: [Double] = []
  /// Why there is no curve ("all values are equal (s = 0)"); nil when there is one.
  var noCurve: String?
  /// Requests with L_un > 0, the denominator of the shares.
  var valid: Int
  /// Requests with L_un = 0.
  var skipped: Int = 0
  /// Requests beyond the clip.
  var dropped: Int = 0
  /// Requests at the length limit, of the valid ones.
  var baselineAtCap: Int = 0
  var compressedAtCap: Int = 0
  var eitherAtCap: Int = 0
  /// D >= threshold, as shares 0...1, with their interval.
  var shorter: ShareWithInterval
  /// D <= -threshold.
  var longer: ShareWithInterval
  /// Mean D in percent.
  var meanPercent: Double

  struct ShareWithInterval: Equatable, Sendable {
    var value: Double
    var low: Double
    var high: Double
  }
}

/// Options of the figure.
struct LengthDifferenceOptions: Equatable, Sendable {
  /// Lines below the title: model, data, sampling.
  var subtitle: [String] = []
  /// Table 5's border, percent; the two rules stand there.
  var thresholdPercent: Double = 50
  /// Requests beyond were dropped, percent.
  var clipPercent: Double = 200
  /// Coverage of the shares' intervals, percent.
  var levelPercent: Double = 95
  /// Logarithmic density axis, as in figure 4.
  var logDensity: Bool = true
}

/// Figure 4 with table 5 in its legend: per configuration a histogram and a density curve of D, over common axes.
///
/// D = (L_un - L_cs) / L_un in percent; negative means that the compressed response is longer.
func lengthDifferenceChart(_ configurations: [LengthDifferenceSeries], options: LengthDifferenceOptions = .init())
  -> Chart
{
  let threshold = PlotNumber.short(options.thresholdPercent)
  var chart = Chart(
    title: "How compression changes the length of responses", subtitle: options.subtitle,
    x: .init(label: "D = (L_un − L_cs) / L_un, %"),
    y: .init(
      label: options.logDensity ? "density per percent (log)" : "density per percent",
      scale: options.logDensity ? .log : .linear),
    legendColumns: ["n", "D ≥ \(threshold) %", "D ≤ −\(threshold) %", "mean D"])
  var groups: [(name: String, members: [Int])] = []
  for (index, configuration) in configurations.enumerated() {
    chart.series.append(legendEntry(configuration, color: index))
    if !configuration.group.isEmpty, let place = groups.firstIndex(where: { $0.name == configuration.group }) {
      groups[place].members.append(index)
    } else {
      groups.append((configuration.group, [index]))
    }
  }
  let rules = [-options.thresholdPercent, options.thresholdPercent].map {
    Chart.Layer(series: nil, mark: .verticalRule(x: $0, label: PlotNumber.short($0) + " %"))
  }
  chart.panels = groups.map { group in
    let title =
      !group.name.isEmpty ? group.name : group.members.map { configurations[$0].label }.joined(separator: ", ")
    var layers: [Chart.Layer] = []
    // All bars below all curves, so that no curve hides behind another configuration's histogram.
    for index in group.members { layers.append(.init(series: index, mark: .bars(bars(configurations[index])))) }
    layers += rules
    for index in group.members {
      let curve = zip(configurations[index].curveX, configurations[index].curveDensity)
      layers.append(.init(series: index, mark: .line(curve.map { Chart.Point(x: $0, y: $1) })))
    }
    return Chart.Panel(title: groups.count > 1 ? title : "", layers: layers)
  }
  chart.x.range = commonRange(configurations, options)
  if options.logDensity { chart.y.range = densityRange(configurations) }
  chart.footnotes = notes(configurations, options, threshold)
  return chart
}

private func bars(_ configuration: LengthDifferenceSeries) -> [Chart.Bar] {
  zip(zip(configuration.edges, configuration.edges.dropFirst()), configuration.densities).map {
    Chart.Bar(low: $0.0, high: $0.1, height: $1)
  }
}

private func legendEntry(_ configuration: LengthDifferenceSeries, color: Int) -> Chart.Series {
  let share = { (share: LengthDifferenceSeries.ShareWithInterval) in
    PlotNumber.fixed(share.value * 100, decimals: 1) + " % [" + PlotNumber.fixed(share.low * 100, decimals: 1) + ", "
      + PlotNumber.fixed(share.high * 100, decimals: 1) + "]"
  }
  return Chart.Series(
    label: configuration.label + (configuration.simulated ? " (simulated)" : ""),
    details: [
      PlotNumber.count(configuration.valid), share(configuration.shorter), share(configuration.longer),
      PlotNumber.fixed(configuration.meanPercent, decimals: 1) + " %",
    ], color: color, hatched: configuration.simulated)
}

/// The data's ends, both rules and 100 %, with a little room; nil lets the chart decide when nothing is finite.
private func commonRange(_ all: [LengthDifferenceSeries], _ options: LengthDifferenceOptions) -> ClosedRange<Double>? {
  let ends = all.flatMap { $0.edges + $0.curveX } + [-options.thresholdPercent, options.thresholdPercent]
  // D never exceeds 100 %, so the axis ends there whatever the data: figures of several runs are alike.
  guard let low = ends.min(), let high = ends.max().map({ max($0, 100) }), low.isFinite, high.isFinite, low < high
  else { return nil }
  return (low - (high - low) * 0.02)...(high + (high - low) * 0.02)
}

/// From half the lowest bar, or a twentieth of the lowest curve's peak if that is less (with few samples a bar is high).
/// A curve may fall far below in a gap of the data, where it tells of the bandwidth alone.
private func densityRange(_ all: [LengthDifferenceSeries]) -> ClosedRange<Double>? {
  let isShown = { (height: Double) in height > 0 && height.isFinite }
  let heights = all.flatMap(\.densities).filter(isShown)
  let peaks = all.compactMap { $0.curveDensity.filter(isShown).max() }
  guard let low = (heights.map { $0 / 2 } + peaks.map { $0 / 20 }).min(), let high = (heights + peaks).max(), high > low
  else { return nil }
  return low...(high * 1.6)
}

private func notes(_ all: [LengthDifferenceSeries], _ options: LengthDifferenceOptions, _ threshold: String) -> [String]
{
  let counted = { (part: (LengthDifferenceSeries) -> Int) -> String in
    let counts = Set(all.map(part))
    if all.count > 1, counts.count == 1, let same = counts.first, same > 0 { return "\(PlotNumber.count(same)) each" }
    return all.filter { part($0) > 0 }.map { "\($0.label) \(PlotNumber.count(part($0)))" }.joined(separator: ", ")
  }
  var notes = [
    "Negative D: the compressed response is longer. Bars: histogram, each with its own edges; line: Gaussian kernel "
      + "density. Shares are of all n requests with L_un > 0, with \(PlotNumber.short(options.levelPercent)) % intervals [low, high]."
  ]
  let dropped = counted(\.dropped)
  if !dropped.isEmpty {
    notes.append("Beyond ±\(PlotNumber.short(options.clipPercent)) %, not drawn but in the shares: \(dropped).")
  }
  let skipped = counted(\.skipped)
  if !skipped.isEmpty { notes.append("Skipped, L_un = 0: \(skipped).") }
  let capped = all.filter { $0.eitherAtCap > 0 }.map {
    "\($0.label) \(PlotNumber.count($0.baselineAtCap))/\(PlotNumber.count($0.compressedAtCap))/"
      + PlotNumber.count($0.eitherAtCap)
  }
  if !capped.isEmpty {
    notes.append(
      "At the length limit, baseline/compressed/either (their D is a bound): "
        + capped.joined(separator: ", ") + ".")
  }
  for configuration in all {
    if let reason = configuration.noCurve { notes.append("\(configuration.label): no curve, \(reason).") }
  }
  let few = all.filter { $0.valid < 50 }.map(\.label)
  if !few.isEmpty {
    notes.append("Fewer than 50 requests, so shape and shares are rough: \(few.joined(separator: ", ")).")
  }
  if all.contains(where: \.simulated) { notes.append("Hatched or dashed: simulated storage, no memory is saved.") }
  return notes
}
