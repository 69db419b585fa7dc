import Lang
import Runtime

/// How long a speed is measured, and whether the machine's own noise is measured with it.
struct MeasuringPlan {
  let limits: RoundLimits
  let noise: Bool

  /// - Parameters:
  ///   - warmups: rounds before those that count, unless the user says otherwise.
  static func parameters(warmups: Int) -> [Parameter] {
    [
      Parameter("repeat", .int, default: .int(30), range: 1...10_000, doc: "The cap on rounds that count."),
      Parameter(
        "seconds", .value(.number), default: .int(60), range: 0.001...1e6,
        doc: "The cap on the time of each point, a round under way is finished."),
      Parameter(
        "precision", .value(.union([.number, .share])), default: .share(0.03), range: 0...1,
        doc: "Rounds end when half the interval of every ratio is within it."),
      Parameter(
        "noise", .choice(["on", "off"]), default: .string("on"),
        doc: "Measure the uncompressed cache against itself as well."),
      Parameter("warmup", .int, default: .int(warmups), range: 0...100, doc: "Rounds before those that count."),
    ]
  }

  /// - Parameter noise: overrides the user's choice, for commands that have none.
  init(_ call: Call, noise: Bool? = nil) throws {
    limits = RoundLimits(
      warmups: try call.int("warmup"), mostRounds: try call.int("repeat"), mostSeconds: try call.float("seconds"),
      precision: call.fraction("precision") ?? 0.03)
    self.noise = try noise ?? (call.name("noise") == "on")
  }

  /// A fixed number of rounds without the arm of noise.
  init(warmups: Int, repeats: Int) {
    limits = RoundLimits(warmups: warmups, leastRounds: repeats, mostRounds: repeats)
    noise = false
  }

  /// Times arms at one of several places of a sweep and tells how far it is.
  func compare(
    _ question: SpeedQuestion, _ arms: [TimedArm], label: String, place: Int, places: Int,
    _ progress: any ProgressDisplay
  ) throws -> SpeedComparison {
    let turns = arms.count + (noise ? 1 : 0)
    let rounds = limits.warmups + limits.mostRounds
    return try SpeedComparison(
      question, arms, limits: limits, doesMeasureNoise: noise,
      onRun: { arm, done in
        progress.update(
          ProgressState(
            label: label, done: place * turns * rounds + done, total: places * turns * rounds,
            note: arm < arms.count ? arms[arm].label : "\(arms.first?.label ?? "") again"))
      })
  }

  /// What a reader of the rows must know: the noise, and which ratios are less sure than was asked.
  func notes(_ rows: [Record], _ call: Call) -> [String] {
    var notes: [String] = []
    let none = rows.count { $0.keys.contains("tok_s") && $0["tok_s"]?.asDouble == nil }
    if none > 0 {
      notes.append(
        "note: \(none) of \(rows.count) rows have no result by this style: paper needs three forwards, trl a long call that "
          + "took longer than the short one; raise repeat= or steps=")
    }
    guard noise, rows.contains(where: { $0["verdict"]?.type == .string }) else { return notes }
    let floors = rows.compactMap { row -> Double? in
      if case .share(let share)? = row["noise"] { share } else { nil }
    }
    if let least = floors.min(), let most = floors.max() {
      let range = least == most ? Self.percent(most) : "\(Self.percent(least)) to \(Self.percent(most))"
      notes.append(
        "note: the machine's own noise, the uncompressed cache against itself, is \(range); a speed-up within it is not "
          + "distinguishable")
    } else {
      notes.append("note: one round has no interval, and no noise is known: nothing is distinguishable")
    }
    let wide = rows.filter { row in
      guard row["verdict"]?.type == .string, let value = row["speedup"]?.asDouble else { return false }
      return !limits.isNarrow(
        IntervalEstimate(
          value: value, low: row["speedup_low"]?.asDouble, high: row["speedup_high"]?.asDouble, level: 0.95))
    }
    if !wide.isEmpty {
      notes.append(
        "note: \(wide.count) of \(rows.count { $0["verdict"]?.type == .string }) speed-ups are known less well than "
          + "precision=\(Self.percent(limits.precision)): repeat= or seconds= ended the rounds")
    }
    return notes
  }

  private static func percent(_ share: Double) -> String { "\(PlotNumber.short(share * 100, significant: 2)) %" }
}

extension Call {
  /// A share as a fraction, however it was written; nil if it was not.
  func fraction(_ name: String) -> Double? {
    optional(name).flatMap { value in if case .share(let share) = value { share } else { value.asDouble } }
  }
}
