import Lang
import Runtime

/// `plot lengthdiff`: figure 4 of the second paper, with table 5 in its legend.
struct LengthDifferencePlot: PlotKind {
  let entry = NameEntry(
    "lengthdiff", summary: "how compression changes the length of responses: histogram and density of D",
    details: """
      D = (L_un - L_cs) / L_un in whole percent, halves to even; negative means longer under compression. Differences \
      beyond `clip` are dropped and counted, requests with an empty baseline skipped and counted, those at the length \
      limit counted apart.
      """,
    parameters: [
      Parameter("bins", .int, default: .int(20), range: 1...1_000, doc: "Bars of the histogram."),
      Parameter("clip", .value(.number), default: .float(200), range: 1...1e6, doc: "Drop |D| beyond, percent."),
      Parameter("threshold", .value(.number), default: .float(0.5), range: 0.01...100, doc: "Table 5's tail."),
      Parameter("points", .int, default: .int(200), range: 2...100_000, doc: "Points of the density curve."),
      Parameter(
        "bandwidth", .choice(["scott", "silverman"]), default: .string("scott"), doc: "Width of the density's kernel."),
      Parameter(
        "bandwidth_factor", .value(.number), range: 1e-6...1e6,
        doc: "The kernel's width over the standard deviation, in place of a rule."),
      Parameter("log", .bool, default: .bool(true), doc: "Logarithmic density axis, as in figure 4."),
    ])

  func draw(_ call: Call) throws -> PlotValue {
    let comparisons = try LengthComparison.all(in: try call.table(), call)
    let threshold = try call.float("threshold")
    let clip = try call.float("clip")
    let options = LengthDistribution.Options(
      clipPercent: clip, bins: try call.int("bins"),
      bandwidth: try call.optional("bandwidth_factor")?.asDouble.map { .factor($0) }
        ?? (call.name("bandwidth") == "silverman" ? .silverman : .scott), points: try call.int("points"))
    let series = try call.placing {
      try comparisons.map { try self.series($0, options, threshold: threshold) }
    }
    let chart = lengthDifferenceChart(
      series,
      options: LengthDifferenceOptions(
        thresholdPercent: threshold * 100, clipPercent: clip, logDensity: try call.bool("log")))
    return PlotValue(
      kind: entry.name, chart: chart,
      summary: Table(rows: try call.placing { try comparisons.map { try $0.record(threshold: threshold) } }),
      data: Table(rows: comparisons.flatMap(rows)), command: call.span.source.text)
  }

  /// Settings of one method share a panel, and so do controls; a name that the user made up gets one of its own.
  private func method(_ label: String) -> String {
    if StudyArm.isControl(label) { return "controls" }
    let first = label.prefix { $0 != " " }
    return Compressors.all.first { $0.name == first }?.name ?? ""
  }

  private func series(
    _ comparison: LengthComparison, _ options: LengthDistribution.Options, threshold: Double
  ) throws -> LengthDifferenceSeries {
    let difference = try LengthDifference(comparison.pairs, threshold: threshold)
    let distribution = try LengthDistribution(comparison.pairs, options: options)
    func share(_ estimate: ShareEstimate) -> LengthDifferenceSeries.ShareWithInterval {
      .init(value: estimate.value, low: estimate.low, high: estimate.high)
    }
    return LengthDifferenceSeries(
      label: comparison.label, group: method(comparison.label),
      simulated: comparison.isSimulated, edges: distribution.histogram?.edges ?? [],
      densities: distribution.histogram?.densities ?? [], curveX: distribution.curve?.x ?? [],
      curveDensity: distribution.curve?.density ?? [], noCurve: distribution.noCurve?.rawValue,
      valid: difference.valid, skipped: difference.skipped, dropped: distribution.dropped,
      baselineAtCap: difference.atCap.uncompressed, compressedAtCap: difference.atCap.compressed,
      eitherAtCap: difference.atCap.either, shorter: share(difference.shorter), longer: share(difference.longer),
      meanPercent: difference.meanDifference.value * 100)
  }

  private func rows(_ comparison: LengthComparison) -> [Record] {
    comparison.pairs.map { pair in
      Record([
        ("config", .string(comparison.label)), ("sample", .string(pair.sample)),
        ("L_un", .int(pair.uncompressedTokens)), ("L_cs", .int(pair.compressedTokens)),
        ("D", pair.difference.map { .float($0) } ?? .nil), ("L_un_at_cap", .bool(pair.uncompressedAtCap)),
        ("L_cs_at_cap", .bool(pair.compressedAtCap)),
      ])
    }
  }
}
