import Lang
import Runtime

/// What was measured of one configuration and batch, and what may be said of it.
struct BreakEvenOutcome {
  /// One measured length.
  struct Point {
    let tokens: Int
    let baselineRate: Double?
    let rate: Double?
    let speedup: IntervalEstimate?
    let noise: Double?
    let verdict: SpeedVerdict
    let rounds: Int

    /// Fewer than five rounds have no interval that could tell anything.
    var isJudged: Bool { rounds >= 5 }
  }

  enum End { case measured, memory, interrupted }

  let label: String
  let stage: String
  let batch: Int
  let threads: Int
  /// Ascending.
  let points: [Point]
  let result: BreakEven
  let end: End

  var records: [Record] {
    func number(_ value: Double?) -> Value { value.map { .float($0) } ?? .nil }
    return points.map { point in
      Record([
        ("config", .string(label)), ("stage", .string(stage)), ("batch", .int(batch)), ("tokens", .int(point.tokens)),
        ("fp16_tok_s", number(point.baselineRate)), ("tok_s", number(point.rate)),
        ("speedup", number(point.speedup?.value)), ("speedup_low", number(point.speedup?.low)),
        ("speedup_high", number(point.speedup?.high)), ("noise", point.noise.map { .share($0) } ?? .nil),
        ("verdict", .string(point.verdict.rawValue)), ("repeats", .int(point.rounds)), ("threads", .int(threads)),
        ("pays_from", result.from.map { .int($0) } ?? .nil),
      ])
    }
  }

  // MARK: Sentences

  var sentence: String {
    let who = "\(label), batch \(batch), \(stage), \(threads) \(threads == 1 ? "thread" : "threads")"
    guard let least = points.first?.tokens, let greatest = points.last?.tokens else {
      return "\(who): nothing was measured\(end == .memory ? "; the least length does not fit into memory" : "")"
    }
    let ending =
      switch end {
      case .measured: ""
      case .memory: "; memory ended the range there"
      case .interrupted: "; interrupted there"
      }
    let range =
      least == greatest ? "at \(Self.count(least)) tokens" : "\(Self.count(least)) to \(Self.count(greatest)) tokens"
    let few = points.count { !$0.isJudged }
    guard few < points.count else {
      return "\(who): undecided, \(range): fewer than five rounds tell nothing; raise repeat= or seconds=\(ending)"
    }
    let doubt = few > 0 ? "; \(few) of \(points.count) lengths had fewer than five rounds and tell nothing" : ""
    if let from = result.from {
      if let notAt = result.notAt, let below = points.last(where: { $0.tokens == notAt }) {
        return "\(who): pays from \(Self.count(from)) tokens on, measured up to \(Self.count(greatest)) "
          + "(\(speed(at: from)) there; at \(Self.count(notAt)) \(below.verdict.rawValue))\(doubt)\(ending)"
      }
      return "\(who): pays at every measured length, \(range) (\(speed(at: least)) at the least)\(doubt)\(ending)"
    }
    let judged = points.filter(\.isJudged)
    let counts = [SpeedVerdict.slower, .notDistinguishable].compactMap { verdict -> String? in
      let count = judged.count { $0.verdict == verdict }
      return count > 0 ? "\(verdict.rawValue) at \(count)" : nil
    }
    let told = "\(counts.joined(separator: ", ")) of \(judged.count)"
    let noise = judged.filter { $0.verdict == .notDistinguishable }.compactMap(\.noise).max()
    let unclear = noise.map { ", noise up to \(PlotNumber.short($0 * 100, significant: 2)) %" } ?? ""
    let faster = judged.filter { $0.verdict == .faster }.map(\.tokens)
    if !faster.isEmpty {
      return "\(who): does not pay from any length on in the measured range, \(range): faster only at "
        + "\(faster.map(Self.count).joined(separator: ", ")), \(told)\(unclear)\(doubt)\(ending)"
    }
    // A length that tells nothing may be the one at which it pays.
    let verb = few > 0 ? "is not seen to pay" : "never pays"
    return "\(who): \(verb) in the measured range, \(range): \(told) lengths\(unclear)\(doubt)\(ending)"
  }

  /// From which batch on it pays, of several that were measured; nil for one.
  static func batches(_ outcomes: [BreakEvenOutcome]) -> String? {
    let measured = outcomes.filter { !$0.points.isEmpty }
    guard measured.count > 1, let label = measured.first?.label else { return nil }
    let sorted = measured.sorted { $0.batch < $1.batch }
    let listed = sorted.map { String($0.batch) }.joined(separator: ", ")
    let paying = sorted.reversed().prefix { $0.result.from != nil }
    guard let first = paying.last, let from = first.result.from else {
      return "\(label): pays from no batch on, of those measured: \(listed)"
    }
    return "\(label): pays from batch \(first.batch) on, there from \(count(from)) tokens; batches measured: \(listed)"
  }

  private func speed(at tokens: Int) -> String {
    guard let speedup = points.first(where: { $0.tokens == tokens })?.speedup else { return "faster" }
    let interval =
      speedup.low.flatMap { low in
        speedup.high.map { " (\(PlotNumber.short(low)) to \(PlotNumber.short($0)))" }
      } ?? ""
    return "\(PlotNumber.short(speedup.value)) times as fast\(interval)"
  }

  private static func count(_ tokens: Int) -> String { PlotNumber.count(tokens) }
}
