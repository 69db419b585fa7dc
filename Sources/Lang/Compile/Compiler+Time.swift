import Foundation

extension Compiler {
  /// The value of a pipeline, after a line with the time that it took.
  func timed(_ work: Expression) -> Piece {
    let piece = expression(work)
    let code = piece.code
    return Piece(
      code: { frame in
        let start = ContinuousClock.now
        defer { frame.context.print("took \(Self.duration(ContinuousClock.now - start))") }
        return try code(frame)
      }, type: piece.type)
  }

  /// Three digits that say something: `812 µs`, `1.24 s`, `93.4 s`.
  static func duration(_ duration: Duration) -> String {
    let seconds = duration / .seconds(1)
    if seconds >= 999.5 { return String(format: "%.0f s", seconds) }
    for (unit, size) in [("s", 1.0), ("ms", 1e-3), ("µs", 1e-6)] where seconds >= size * 0.9995 {
      return String(format: "%.3g ", seconds / size) + unit
    }
    return String(format: "%.0f ns", seconds * 1e9)
  }
}
