import Testing

@testable import kvsh

@Suite("Text and numbers of a figure")
struct PlotTextTests {
  @Test(
    "columns on a terminal",
    arguments: [("abc", 3), ("漢字", 4), ("🙂", 2), ("e\u{301}", 1), ("⣿░", 2), ("", 0), ("가", 2)])
  func width(text: String, columns: Int) {
    #expect(PlotText.width(text) == columns)
  }

  @Test("wrapped lines keep every word and every width", arguments: [1, 2, 3, 7, 20, 40])
  func wrap(width: Int) {
    let text = "one two-three 漢字漢字 extraordinarily-long-word-without-a-break x"
    let lines = PlotText.wrap(text, to: width, indent: 2)
    #expect(lines.allSatisfy { PlotText.width($0) <= width })
    if width > 1 {
      let letters = { (text: String) in text.filter { $0 != " " } }
      #expect(letters(lines.joined()) == letters(text))
    }
  }

  @Test(
    "ASCII twins",
    arguments: [
      ("D ≤ −50 %", "D <= -50 %"), ("10⁻³", "1e-3"), ("2×10⁻¹²", "2e-12"), ("x² µs", "x2 us"), ("漢", "?"),
      ("±1…", "+-1.."),
    ])
  func ascii(text: String, expected: String) {
    #expect(PlotText.ascii(text) == expected)
  }

  @Test("control characters never pass", arguments: ["\u{1B}[2J", "a\u{7}b", "\u{9B}31m", "x\u{202E}y", "\r\n"])
  func safe(text: String) {
    let safe = PlotText.safe(text)
    #expect(!safe.unicodeScalars.contains { $0.value < 0x20 || (0x7F..<0xA0).contains($0.value) || $0 == "\u{202E}" })
  }

  @Test(
    "numbers as a figure prints them",
    arguments: [
      (PlotNumber.fixed(-0.04, decimals: 1), "0.0"), (PlotNumber.fixed(-1.25, decimals: 1), "−1.2"),
      (PlotNumber.fixed(.nan, decimals: 1), "NaN"), (PlotNumber.fixed(-.infinity, decimals: 0), "−∞"),
      (PlotNumber.short(0.000123), "0.000123"), (PlotNumber.short(1.5e-9), "1.5×10⁻⁹"),
      (PlotNumber.short(-2e12), "−2×10¹²"), (PlotNumber.short(50), "50"), (PlotNumber.short(12.3456), "12.3"),
      (PlotNumber.count(1_234_567), "1,234,567"), (PlotNumber.count(.min), "−9,223,372,036,854,775,808"),
      (PlotNumber.count(0), "0"), (PlotNumber.percent(share: 0.2116), "21.2 %"),
      (PlotNumber.power(mantissa: 1, exponent: -4), "10⁻⁴"),
    ])
  func numbers(seen: String, expected: String) {
    #expect(seen == expected)
  }
}

@Suite("Ticks")
struct ChartTicksTests {
  private func labels(_ axis: Chart.Axis, _ low: Double, _ high: Double, _ count: Int) -> [String] {
    ChartTicks.make(axis, low: low, high: high, count: count).map(\.label).filter { !$0.isEmpty }
  }

  @Test("linear ticks are round")
  func linear() {
    #expect(labels(.init(label: ""), -203, 104, 6) == ["−200", "−100", "0", "100"])
    #expect(labels(.init(label: ""), 0, 1, 5) == ["0.0", "0.2", "0.4", "0.6", "0.8", "1.0"])
    #expect(labels(.init(label: "", format: .percent), 0, 40, 4) == ["0 %", "10 %", "20 %", "30 %", "40 %"])
    #expect(labels(.init(label: "", format: .share), 0, 0.4, 4) == ["0 %", "10 %", "20 %", "30 %", "40 %"])
    #expect(
      labels(.init(label: "", format: .bytes), 0, 4 * 1024 * 1024, 4) == ["0 MiB", "1 MiB", "2 MiB", "3 MiB", "4 MiB"])
    #expect(labels(.init(label: "", format: .unit("ms")), 0, 3e7, 3) == ["0 ms", "1×10⁷ ms", "2×10⁷ ms", "3×10⁷ ms"])
  }

  @Test("logarithmic ticks are decades, finer if there are few")
  func logarithmic() {
    let axis = Chart.Axis(label: "", scale: .log)
    #expect(labels(axis, 4e-5, 0.03, 6) == ["10⁻⁴", "10⁻³", "10⁻²"])
    #expect(labels(axis, 1, 1000, 6) == ["1", "10", "100", "1000"])
    #expect(labels(axis, 256, 16384, 6) == ["300", "1000", "3000", "10000"])
    #expect(labels(axis, 2, 5, 6) == ["2", "5"])
    #expect(labels(axis, 2.1, 2.4, 3) == ["2.1", "2.2", "2.3", "2.4"])
    #expect(labels(axis, 1e-30, 1e30, 6).count <= 8)
  }

  @Test("any finite range gives a few ticks within it", arguments: [Chart.Scale.linear, .log])
  func hostile(scale: Chart.Scale) {
    let ends: [Double] = [5e-324, 1e-305, 1e-20, 0.1, 0.1.nextUp, 1, 1e15, 1e15 + 1, 1e300]
    for low in ends {
      for high in ends where high > low {
        for format in [Chart.Format.number, .bytes, .share] {
          let ticks = ChartTicks.make(.init(label: "", scale: scale, format: format), low: low, high: high, count: 5)
          #expect(ticks.count < 1200)
          #expect(ticks.allSatisfy { $0.value.isFinite })
          #expect(ticks.filter { !$0.label.isEmpty }.count <= 60)
        }
      }
    }
  }
}
