import Foundation

/// The words of a progress line: what runs, how much is done, how fast, how long it will take.
struct ProgressText {
  var state: ProgressState
  /// Since the first report of this work.
  var elapsedSeconds: Double
  /// Pieces that were done at that report.
  var doneAtStart: Int

  /// Pieces a second since the start; nil before the first one is finished.
  var rate: Double? {
    let finished = state.done &- doneAtStart
    guard finished > 0, elapsedSeconds > 0 else { return nil }
    return Double(finished) / elapsedSeconds
  }

  /// Estimated seconds to the end; nil if nothing is known.
  var secondsLeft: Double? {
    guard let rate, state.total > 0 else { return nil }
    return Double(max(state.total &- state.done, 0)) / rate
  }

  /// `run sharegpt  123/1000  12%  4.1/s  about 3 min 34 s left  (note)`; the important part comes first, as a narrow
  /// terminal cuts the end.
  func line(unicode: Bool) -> String {
    var parts = [state.label]
    if state.total > 0 {
      let percent = Int(min(max(Double(state.done) / Double(state.total), 0), 1) * 100)
      parts.append("\(state.done)/\(state.total)  \(percent)%")
    } else {
      parts.append("\(state.done) done")
    }
    if let rate { parts.append(Self.rate(rate)) }
    if let secondsLeft, state.done < state.total { parts.append("about \(Self.duration(secondsLeft)) left") }
    if rate == nil { parts.append("\(Self.duration(elapsedSeconds)) so far") }
    if !state.note.isEmpty { parts.append(state.note) }
    let line = parts.joined(separator: "  ")
    return unicode ? PlotText.safe(line) : PlotText.ascii(line)
  }

  /// A speed of which at least one digit says something: `4.1/s`, `12/min`, `3.0/h`.
  static func rate(_ perSecond: Double) -> String {
    func short(_ number: Double) -> String { String(format: number >= 10 ? "%.0f" : "%.1f", number) }
    if perSecond >= 0.95 { return short(perSecond) + "/s" }
    if perSecond * 60 >= 0.95 { return short(perSecond * 60) + "/min" }
    return short(perSecond * 3600) + "/h"
  }

  /// Two units at most: `48 s`, `3 min 34 s`, `2 h 5 min`, `3 d 4 h`.
  static func duration(_ seconds: Double) -> String {
    guard seconds.isFinite, seconds < 1e9 else { return "very long" }
    let whole = Int(max(seconds, 0).rounded())
    switch whole {
    case ..<60: return "\(whole) s"
    case ..<3_600: return "\(whole / 60) min \(whole % 60) s"
    case ..<86_400: return "\(whole / 3_600) h \(whole % 3_600 / 60) min"
    default: return "\(whole / 86_400) d \(whole % 86_400 / 3_600) h"
    }
  }
}
