import Testing

@testable import kvsh

@Suite("What the receiving end can show")
struct PlotStyleTests {
  @Test(
    "colours and characters follow the environment",
    arguments: [
      (["TERM": "xterm-256color", "LANG": "en_US.UTF-8"], true, PlotStyle(colors: .ansi256, unicode: true)),
      (
        ["TERM": "xterm-256color", "COLORTERM": "truecolor", "LC_ALL": "C.utf8"], true,
        PlotStyle(colors: .trueColor, unicode: true)
      ),
      (["TERM": "xterm-256color", "LANG": "en_US.UTF-8"], false, .plain),
      (["TERM": "xterm-256color", "LANG": "en_US.UTF-8", "NO_COLOR": "1"], true, .plain),
      (
        ["TERM": "xterm-256color", "LANG": "en_US.UTF-8", "NO_COLOR": ""], true,
        PlotStyle(colors: .ansi256, unicode: true)
      ),
      (["TERM": "dumb", "LANG": "en_US.UTF-8"], true, .ascii),
      (["TERM": "xterm-256color", "LANG": "C"], true, PlotStyle(colors: .ansi256, unicode: false)),
      (["TERM": "xterm", "LC_ALL": "C", "LANG": "en_US.UTF-8"], false, .ascii),
      (["TERM": "xterm", "LC_ALL": "", "LANG": "en_US.UTF-8"], false, .plain),
      ([:], true, .ascii),
    ])
  func detect(environment: [String: String], isTerminal: Bool, expected: PlotStyle) {
    #expect(PlotStyle.detect(environment: environment, isTerminal: isTerminal) == expected)
  }

  @Test(
    "256-colour codes are the nearest ones",
    arguments: [(0xFFFFFF, 231), (0x000000, 16), (0x56B4E9, 74), (0x808080, 244)])
  func nearest(hex: UInt32, code: Int) {
    #expect(PlotPalette.Color(hex).ansi256 == code)
  }
}
