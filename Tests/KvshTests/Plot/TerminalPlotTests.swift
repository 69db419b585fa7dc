import Testing

@testable import kvsh

@Suite("Plots in the terminal")
struct TerminalPlotTests {
  /// `text` without its escape sequences for colours.
  private func visible(_ text: String) -> String {
    text.replacing(/\u{1B}\[[0-9;]*m/, with: "")
  }

  @Test("no line is wider than asked, in any style", arguments: PlotSamples.all.indices)
  func width(index: Int) {
    let styles: [PlotStyle] = [.plain, .ascii, PlotStyle(colors: .trueColor, unicode: true)]
    for width in 40...200 where width < 60 || width % 7 == 0 {
      for style in styles {
        let lines = TerminalPlot(width: width, height: 12, style: style).lines(PlotSamples.all[index])
        for line in lines {
          #expect(PlotText.width(visible(line)) <= width, "\(width) columns: \(line)")
        }
      }
    }
  }

  @Test("without colours there is no escape, and ASCII is ASCII", arguments: PlotSamples.all.indices)
  func plain(index: Int) {
    let chart = PlotSamples.all[index]
    for width in [40, 80, 133] {
      let plain = TerminalPlot(width: width, style: .plain).render(chart)
      #expect(!plain.unicodeScalars.contains { $0.value < 0x20 && $0 != "\n" || (0x7F..<0xA0).contains($0.value) })
      #expect(!plain.unicodeScalars.contains("\u{202E}"))
      let ascii = TerminalPlot(width: width, style: .ascii).render(chart)
      #expect(ascii.unicodeScalars.allSatisfy { $0 == "\n" || (0x20..<0x7F).contains($0.value) })
    }
  }

  @Test("colours end on the line they begin", arguments: PlotSamples.all.indices)
  func resets(index: Int) {
    for colors in [PlotStyle.Colors.ansi256, .trueColor] {
      let style = PlotStyle(colors: colors, unicode: true)
      for line in TerminalPlot(width: 70, style: style).lines(PlotSamples.all[index]) where line.contains("\u{1B}") {
        let last = line.matches(of: /\u{1B}\[([0-9;]*)m/).last
        #expect(last.map { String($0.output.1) } == "0")
      }
    }
  }

  @Test("256 colours and true colour use their own codes")
  func codes() {
    let chart = PlotSamples.histograms
    let few = TerminalPlot(style: PlotStyle(colors: .ansi256, unicode: true)).render(chart)
    #expect(few.contains("\u{1B}[38;5;74"))
    #expect(!few.contains(";2;"))
    let many = TerminalPlot(style: PlotStyle(colors: .trueColor, unicode: true)).render(chart)
    #expect(many.contains("38;2;86;180;233"))
  }

  @Test("an absurd size is brought to the smallest drawable one", arguments: [Int.min, -1, 0, 1, 20])
  func tiny(size: Int) {
    for chart in PlotSamples.all {
      let lines = TerminalPlot(width: size, height: size, style: .plain).lines(chart)
      #expect(lines.allSatisfy { PlotText.width($0) <= 20 })
      #expect(!lines.isEmpty)
    }
  }

  @Test("values that are not finite are left out and counted")
  func notFinite() {
    let text = TerminalPlot(width: 80, style: .plain).render(PlotSamples.extreme)
    // One point beyond 1e300, NaN and infinity among the points, minus infinity in the step.
    #expect(text.contains("Not drawn: 4 values that are not finite."))
  }

  @Test("lines over each other carry different marks without colours")
  func marks() {
    let line = { (series: Int, slope: Double) in
      Chart.Layer(series: series, mark: .line([.init(x: 0, y: 0), .init(x: 10, y: 10 * slope)]))
    }
    let chart = Chart(
      title: "", x: .init(label: "x"), y: .init(label: "y"),
      series: (0..<4).map { .init(label: "s\($0)", color: $0) },
      panels: [.init(layers: (0..<4).map { line($0, Double($0) / 3) })])
    let plot = TerminalPlot(width: 80, height: 24, style: .plain).lines(chart).prefix(24).joined()
    for mark in "●○▲△" { #expect(plot.contains(mark)) }
    let ascii = TerminalPlot(width: 80, height: 24, style: .ascii).lines(chart).prefix(24).joined()
    for mark in "*o+x" { #expect(ascii.contains(mark)) }
  }

  @Test("panels stand side by side as far as there is room")
  func panels() {
    let wide = TerminalPlot(width: 120, style: .plain).lines(PlotSamples.many)
    #expect(wide.contains { $0.contains("panel 0") && $0.contains("panel 2") })
    let narrow = TerminalPlot(width: 60, style: .plain).lines(PlotSamples.many)
    #expect(!narrow.contains { $0.contains("panel 0") && $0.contains("panel 1") })
  }

  @Test("the legend's table becomes lines where it does not fit, and loses nothing")
  func legend() {
    let chart = Chart(
      title: "", x: .init(label: "x"), y: .init(label: "y"),
      series: [
        .init(label: "a fairly long name of a configuration", details: ["1,000", "21.2 % [18.8, 23.9]"], color: 0)
      ],
      legendColumns: ["n", "D ≤ −50 %"], panels: [])
    for width in [30, 40, 60, 100] {
      let text = TerminalPlot(width: width, style: .plain).lines(chart).joined(separator: " ")
        .split(separator: " ").joined(separator: " ")
      #expect(text.contains("1,000"))
      #expect(text.contains("21.2 % [18.8, 23.9]"))
      #expect(text.contains("a fairly long name of a configuration"))
    }
  }
}
