import Foundation

/// Size of a terminal in character cells.
struct TerminalSize: Equatable, Sendable {
  var columns: Int
  var rows: Int

  static let standard = TerminalSize(columns: 80, rows: 24)

  /// The window of the first standard stream that has one; else `COLUMNS` and `LINES`; else 80 by 24.
  static func current(environment: [String: String] = ProcessInfo.processInfo.environment) -> TerminalSize {
    var window = winsize()
    for stream: Int32 in [1, 2, 0] where ioctl(stream, UInt(TIOCGWINSZ), &window) == 0 {
      if window.ws_col > 0, window.ws_row > 0 {
        return TerminalSize(columns: Int(window.ws_col), rows: Int(window.ws_row))
      }
    }
    func number(_ name: String, _ otherwise: Int) -> Int {
      environment[name].flatMap { Int($0) }.map { min(max($0, 1), 10_000) } ?? otherwise
    }
    return TerminalSize(columns: number("COLUMNS", standard.columns), rows: number("LINES", standard.rows))
  }
}
