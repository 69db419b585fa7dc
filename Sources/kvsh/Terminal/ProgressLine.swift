import Dispatch
import Foundation
import Lang
import Synchronization

/// Progress on standard error: after two seconds one line, rewritten in place; in a file a line every half minute.
final class ProgressLine: ProgressDisplay {
  /// What decides when and how the line is drawn.
  struct Style: Sendable {
    /// Rewrites one line; else appends lines.
    var isTerminal: Bool
    /// The cursor cannot be moved but to the beginning of the line.
    var isDumb: Bool
    var unicode: Bool
    /// Seconds from the first report to the first line.
    var delaySeconds: Double
    /// Seconds between two drawings.
    var intervalSeconds: Double

    init(_ terminal: TerminalTraits) {
      isTerminal = terminal.isErrorTerminal
      isDumb = terminal.isDumb
      unicode = terminal.errorStyle.unicode
      delaySeconds = isTerminal ? 2 : 30
      intervalSeconds = isTerminal ? 0.1 : 30
    }
  }

  private struct Drawing {
    var state: ProgressState?
    var startSeconds = 0.0
    /// What was finished when the work began: rows of an earlier run say nothing about the speed of this one.
    var doneAtStart = 0
    var drawnSeconds = -Double.infinity
    /// Columns of the line on the screen; 0 if there is none.
    var width = 0
    /// Draws on while no report comes.
    var ticker: (any DispatchSourceTimer)?
  }

  private let style: Style
  private let columns: @Sendable () -> Int
  private let now: @Sendable () -> Double
  private let write: @Sendable (String) -> Void
  private let drawing = Mutex(Drawing())

  /// - Parameters:
  ///   - columns: width of the terminal now.
  ///   - now: seconds of a clock that never goes back.
  ///   - write: receives what goes to standard error.
  init(
    style: Style, columns: @escaping @Sendable () -> Int, now: @escaping @Sendable () -> Double,
    write: @escaping @Sendable (String) -> Void
  ) {
    self.style = style
    self.columns = columns
    self.now = now
    self.write = write
  }

  func update(_ state: ProgressState) {
    drawing.withLock { drawing in
      let isNew = drawing.state?.label != state.label || drawing.state?.total != state.total
      if isNew {
        erase(&drawing)
        drawing.startSeconds = now()
        drawing.doneAtStart = state.done
        drawing.drawnSeconds = -.infinity
      }
      drawing.state = state
      draw(&drawing)
      if drawing.ticker == nil, style.isTerminal { drawing.ticker = startTicker() }
    }
  }

  func finish() {
    drawing.withLock { drawing in
      erase(&drawing)
      drawing.state = nil
      drawing.ticker?.cancel()
      drawing.ticker = nil
    }
  }

  /// Prints something else while the line is out of the way.
  func aside(_ print: () -> Void) {
    drawing.withLock { drawing in
      erase(&drawing)
      print()
      drawing.drawnSeconds = min(drawing.drawnSeconds, now() - style.intervalSeconds)
    }
  }

  /// Draws if it is time to; the ticker calls it.
  func tick() { drawing.withLock { draw(&$0) } }

  private func startTicker() -> any DispatchSourceTimer {
    let ticker = DispatchSource.makeTimerSource(queue: .global(qos: .utility))
    ticker.schedule(deadline: .now() + .milliseconds(500), repeating: .milliseconds(500), leeway: .milliseconds(100))
    ticker.setEventHandler { [weak self] in self?.tick() }
    ticker.resume()
    return ticker
  }

  private func erase(_ drawing: inout Drawing) {
    guard drawing.width > 0 else { return }
    write(style.isDumb ? "\r" + String(repeating: " ", count: drawing.width) + "\r" : "\r\u{1B}[K")
    drawing.width = 0
  }

  private func draw(_ drawing: inout Drawing) {
    guard let state = drawing.state else { return }
    let seconds = now()
    let elapsed = seconds - drawing.startSeconds
    guard elapsed >= style.delaySeconds, seconds - drawing.drawnSeconds >= style.intervalSeconds else { return }
    drawing.drawnSeconds = seconds
    let text = ProgressText(state: state, elapsedSeconds: elapsed, doneAtStart: drawing.doneAtStart)
    guard style.isTerminal else {
      write(text.line(unicode: style.unicode) + "\n")
      return
    }
    // The last column stays free: some terminals wrap as soon as it is written.
    let line = PlotText.cut(text.line(unicode: style.unicode), to: max(columns() - 1, 1), ellipsis: "")
    let width = PlotText.width(line)
    let rest = style.isDumb ? String(repeating: " ", count: max(drawing.width - width, 0)) : "\u{1B}[K"
    write("\r" + line + rest)
    drawing.width = max(width, 1)
  }
}
