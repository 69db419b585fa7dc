import Testing

@testable import kvsh

@Suite("The figure of length differences")
struct LengthDifferenceChartTests {
  private func series(_ label: String, group: String = "", valid: Int = 1000) -> LengthDifferenceSeries {
    LengthDifferenceSeries(
      label: label, group: group, edges: [-100, 0, 80], densities: [0.002, 0.01], curveX: [-100, 0, 80],
      curveDensity: [1e-7, 0.012, 0.001], valid: valid, shorter: .init(value: 0.109, low: 0.091, high: 0.13),
      longer: .init(value: 0.245, low: 0.219, high: 0.273), meanPercent: -12.34)
  }

  @Test("the legend holds n, table 5's shares with intervals and the mean")
  func legend() {
    let chart = lengthDifferenceChart([series("KIVI-2")])
    #expect(chart.legendColumns == ["n", "D ≥ 50 %", "D ≤ −50 %", "mean D"])
    #expect(chart.series[0].details == ["1,000", "10.9 % [9.1, 13.0]", "24.5 % [21.9, 27.3]", "−12.3 %"])
  }

  @Test("a group shares a panel, others have their own, and colours differ throughout")
  func groups() {
    let chart = lengthDifferenceChart([series("KIVI-2", group: "KIVI"), series("H2O"), series("KIVI-4", group: "KIVI")])
    #expect(chart.panels.map(\.title) == ["KIVI", "H2O"])
    #expect(Set(chart.panels[0].layers.compactMap(\.series)) == [0, 2])
    #expect(chart.series.map(\.color) == [0, 1, 2])
  }

  @Test("both rules stand at the threshold, above the bars and below the curves")
  func rules() {
    var options = LengthDifferenceOptions()
    options.thresholdPercent = 30
    let marks = lengthDifferenceChart([series("a")], options: options).panels[0].layers.map(\.mark)
    #expect(marks.count == 4)
    #expect(marks[1] == .verticalRule(x: -30, label: "−30 %"))
    #expect(marks[2] == .verticalRule(x: 30, label: "30 %"))
    guard case .bars = marks[0], case .line = marks[3] else {
      Issue.record("bars first, curve last")
      return
    }
  }

  @Test("the density axis starts below the lowest bar and below every curve's peak")
  func range() {
    let chart = lengthDifferenceChart([series("a")])
    #expect(chart.y.scale == .log)
    #expect(chart.y.range == (0.012 / 20)...(0.012 * 1.6))
    #expect(chart.x.range?.contains(100) == true)
    var options = LengthDifferenceOptions()
    options.logDensity = false
    let linear = lengthDifferenceChart([series("a")], options: options)
    #expect(linear.y.scale == .linear)
    #expect(linear.y.range == nil)
  }

  @Test("the notes tell what was dropped, skipped, censored, rough, missing and simulated")
  func notes() {
    var odd = series("Stream", valid: 12)
    odd.simulated = true
    odd.dropped = 3
    odd.skipped = 1
    (odd.baselineAtCap, odd.compressedAtCap, odd.eitherAtCap) = (2, 4, 5)
    odd.noCurve = "all values are equal (s = 0)"
    let notes = lengthDifferenceChart([series("KIVI"), odd]).footnotes
    #expect(
      notes.dropFirst() == [
        "Beyond ±200 %, not drawn but in the shares: Stream 3.", "Skipped, L_un = 0: Stream 1.",
        "At the length limit, baseline/compressed/either (their D is a bound): Stream 2/4/5.",
        "Stream: no curve, all values are equal (s = 0).",
        "Fewer than 50 requests, so shape and shares are rough: Stream.",
        "Hatched or dashed: simulated storage, no memory is saved.",
      ])
    let plain = lengthDifferenceChart([series("KIVI")], options: LengthDifferenceOptions(levelPercent: 90)).footnotes
    #expect(plain.count == 1)
    #expect(plain.first?.contains("with 90 % intervals") == true)
  }

  @Test("no configuration at all and numbers that are none still draw")
  func hostile() {
    var broken = series("x")
    broken.edges = [.nan, 1, .infinity]
    broken.densities = [.nan, 2]
    broken.curveDensity = [.infinity, .nan, -1]
    for chart in [lengthDifferenceChart([]), lengthDifferenceChart([broken])] {
      #expect(!TerminalPlot(width: 60, style: .plain).render(chart).isEmpty)
      #expect(XMLElements(SVGPlot().render(chart)) != nil)
    }
  }
}
