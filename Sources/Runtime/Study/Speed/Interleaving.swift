/// Times arms in turn, so that what else the machine does in the meantime falls on all of them alike.
public enum Interleaving {
  /// Why measuring ended.
  public enum End: Equatable, Sendable { case narrow, rounds, seconds, cancelled }

  /// The runs of each arm // [arms][rounds], and why there are no more.
  public struct Outcome: Sendable {
    public var runs: [[TimedRun]]
    public var end: End
  }

  /// Seconds of a clock that only runs forward.
  public static func wallSeconds() -> Double { Double(PhaseClock.now()) * 1e-9 }

  /// A fixed number of rounds; every round begins with another arm. Work that is cancelled leaves the runs before it.
  ///
  /// - Parameter onRun: told before each run, those of warm-up rounds included, how many are done.
  public static func run(
    _ arms: [TimedArm], warmups: Int, repeats: Int,
    onRun: (_ arm: Int, _ done: Int) -> Void = { _, _ in }
  ) throws -> [[TimedRun]] {
    let limits = RoundLimits(warmups: warmups, mostRounds: repeats)
    return try run(arms, limits: limits, isDone: { _ in false }, now: { 0 }, onRun: onRun).runs
  }

  /// Rounds until the intervals of all ratios are narrow enough or a cap is hit.
  ///
  /// - Parameters:
  ///   - isDone: asked after each round that counts, from the least number on, with the runs so far.
  ///   - now: a clock in seconds.
  public static func run(
    _ arms: [TimedArm], limits: RoundLimits, isDone: (_ runs: [[TimedRun]]) throws -> Bool,
    now: () -> Double = Interleaving.wallSeconds, onRun: (_ arm: Int, _ done: Int) -> Void = { _, _ in }
  ) throws -> Outcome {
    var outcome = Outcome(runs: [[TimedRun]](repeating: [], count: arms.count), end: .rounds)
    guard !arms.isEmpty else { return outcome }
    let start = now()
    var done = 0
    for round in 0..<limits.warmups + limits.mostRounds {
      for turn in arms.indices {
        let index = (turn + round) % arms.count
        onRun(index, done)
        do {
          let run = try arms[index].once()
          if round >= limits.warmups { outcome.runs[index].append(run) }
        } catch is CancellationError {
          outcome.end = .cancelled
          return outcome
        }
        done += 1
      }
      let counted = round + 1 - limits.warmups
      guard counted >= 1, counted < limits.mostRounds else { continue }
      if counted >= limits.leastRounds, try isDone(outcome.runs) {
        outcome.end = .narrow
        return outcome
      }
      // Another round would take as long as those before it did on the average.
      let elapsed = now() - start
      if elapsed + elapsed / Double(round + 1) > limits.mostSeconds {
        outcome.end = .seconds
        return outcome
      }
    }
    return outcome
  }
}
