import Foundation

/// What the terminal at the three standard streams can do.
struct TerminalTraits: Equatable, Sendable {
  var isInputTerminal: Bool
  /// Standard output is a terminal.
  var isTerminal: Bool
  var isErrorTerminal: Bool
  /// Size in character cells when kvsh started; `TerminalSize.current` follows the window.
  var size: TerminalSize
  /// Colours and characters of standard output.
  var plotStyle: PlotStyle
  /// Colours and characters of standard error.
  var errorStyle: PlotStyle
  /// `TERM=dumb` or none: the cursor cannot be moved.
  var isDumb: Bool

  /// Nothing is a terminal, 80 columns, no colour: a pipe, a file, a test.
  static let none = TerminalTraits(
    isInputTerminal: false, isTerminal: false, isErrorTerminal: false, size: .standard, plotStyle: .plain,
    errorStyle: .plain, isDumb: true)

  /// Reads the environment and asks the three streams.
  static func detect(environment: [String: String]) -> TerminalTraits {
    let (isOutput, isError) = (isatty(1) == 1, isatty(2) == 1)
    return TerminalTraits(
      isInputTerminal: isatty(0) == 1, isTerminal: isOutput, isErrorTerminal: isError,
      size: .current(environment: environment),
      plotStyle: .detect(environment: environment, isTerminal: isOutput),
      errorStyle: .detect(environment: environment, isTerminal: isError),
      isDumb: ["", "dumb"].contains(environment["TERM"] ?? ""))
  }
}
