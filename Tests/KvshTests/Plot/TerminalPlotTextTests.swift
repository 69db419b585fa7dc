import Testing

@testable import kvsh

@Suite("Plots in the terminal: exact text")
struct TerminalPlotTextTests {
  @Test("bars, their overlap, a curve and a rule, in Unicode without colours")
  func histogramsUnicode() {
    let expected = """
      Lengths
      density
        │            ░░░░░⣀⠤⡀░░░░░     ┊
        │            ░⢀●⠔⠉░░⠈⠑⠤⡀░░     ┊
      2 ┤          ⣀⠤⠊⠁░░░░░░░░⠈⠑●⡀    ┊
        │      ⢀⡠⠔⠉  ░░░░░░░░░░░░░⠈⠒⢄⡀▒┊▒▒▒▒▒▒
        │   ⣀●⠊⠁     ░░░░░░░░░░░░░▒▒▒⠈⠒⢄⡀▒▒▒▒▒
        │⡠⠔⠉░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒┊⠈⠒⢄▒▒▒
      0 ┤░░░░░░░░░░░░▓▓▓▓▓▓▓▓▓▓▓▓▓▒▒▒▒▒┊▒▒▒●⠢⢄
        └┬───────────┬───────────┬───────────┬
         0          10          20          30
                         D, %
                n
      ●░ kivi  12
      ○▒ h2o    7
      Skipped: 3.
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .plain).render(PlotSamples.histograms) == expected)
  }

  @Test("the same in ASCII")
  func histogramsAscii() {
    let expected = """
      Lengths
      density
        |            .....***.....     |
        |            .****..****..     |
      2 +          ****........****    |
        |      ****  .............****:|::::::
        |   ****     .............:::****:::::
        |***.........#############:::::|***:::
      0 +............#############:::::|:::***
        ++-----------+-----------+-----------+
         0          10          20          30
                         D, %
                n
      *. kivi  12
      o: h2o    7
      Skipped: 3.
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .ascii).render(PlotSamples.histograms) == expected)
  }

  @Test("a line on a logarithmic axis breaks at zero and the note says so")
  func logarithmicUnicode() {
    let expected = """
      Log
      y
          │                               ⢀⡠⠔
          │                            ⣠⠔⠊⠁
      100 ┤                         ⠠⠒⠉
          │
          │       ⢀⡠⠄
          │    ●⠤⠊⠁
        1 ┤ ⠤⠒⠉
          └┬────────────────┬────────────────┬
           0                2                4
                            x
      ● a
      Not drawn on a logarithmic axis: 1 value
        that is not above 0.
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .plain).render(PlotSamples.logarithmic) == expected)
  }

  @Test("a single point is one mark between round ticks")
  func pointUnicode() {
    let expected = """
      One
      y
          │
      7.2 ┤
          │
      7.0 ┤                 ●
          │
      6.8 ┤
          │
          └───┬─────────────┬─────────────┬───
             4.8           5.0           5.2
                            x
      ● a
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .plain).render(PlotSamples.point) == expected)
  }

  @Test("simulated storage is hatched")
  func hatchedAscii() {
    let expected = """
      Bytes
      held
      4 KiB +   ..........
            |   ..........
            |   ..........
      2 KiB +   ..........
            |   ..........       //////////
            |   ..........       //////////
      0 KiB +   ..........       //////////
            +--------+---------------+--------
                   full            fake
                       configuration
      *. packed
      o/ mask
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .ascii).render(PlotSamples.hatched) == expected)
  }

  @Test("a series without values leaves the axes and the legend")
  func emptyUnicode() {
    let expected = """
      Nothing
      y
      1.0 ┤
          │
          │
      0.5 ┤
          │
          │
      0.0 ┤
          └┬────────────────┬────────────────┬
          0.0              0.5             1.0
                            x
      ●░ a
      """
    #expect(TerminalPlot(width: 40, height: 10, style: .plain).render(PlotSamples.empty) == expected)
  }
}
