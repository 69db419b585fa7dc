/// What one timed piece of work took and left behind.
public struct TimedRun: Sendable {
  public let seconds: Double
  /// Tokens that went through the model in that time, all sequences together.
  public let tokens: Int
  /// Held by all sequences at the end.
  public let cacheBytes: ByteCount
  /// Keys and values read by one decode step of all sequences; 0 for a prefill.
  public let readBytesPerStep: Int
  /// What attention moved in all of that time, and the most it worked in.
  public let traffic: EngineTraffic
  /// How full the pages are at the end; nil without pages.
  public let pages: PageUse?
  /// What the ranks of a split model worked; nil if it is whole.
  public let ranks: RankUse?

  public init(
    seconds: Double, tokens: Int, cacheBytes: ByteCount = ByteCount(), readBytesPerStep: Int = 0,
    traffic: EngineTraffic = EngineTraffic(), pages: PageUse? = nil, ranks: RankUse? = nil
  ) {
    self.pages = pages
    self.ranks = ranks
    self.traffic = traffic
    self.seconds = seconds
    self.tokens = tokens
    self.cacheBytes = cacheBytes
    self.readBytesPerStep = readBytesPerStep
  }

  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-12) }
}

/// One side of a comparison of speeds: work that can be done again and again from the same start.
public struct TimedArm {
  public let label: String
  /// Does the work once; what has to be prepared is not in its time.
  public let once: () throws -> TimedRun

  public init(_ label: String, once: @escaping () throws -> TimedRun) {
    self.label = label
    self.once = once
  }
}

/// Times arms in turn, so that what else the machine does in the meantime falls on all of them alike.
public enum Interleaving {
  /// The runs of each arm; every round begins with another arm. Work that is cancelled leaves the runs before it.
  ///
  /// - Parameters:
  ///   - warmups: rounds that are run and forgotten: first page faults and lazy work are nobody's speed.
  ///   - repeats: rounds that count.
  ///   - onRun: told before each run, those of warm-up rounds included, how many are done.
  public static func run(
    _ arms: [TimedArm], warmups: Int, repeats: Int,
    onRun: (_ arm: Int, _ done: Int) -> Void = { _, _ in }
  ) throws -> [[TimedRun]] {
    var runs = [[TimedRun]](repeating: [], count: arms.count)
    var done = 0
    for round in 0..<max(0, warmups) + max(0, repeats) {
      for turn in arms.indices {
        let index = (turn + round) % arms.count
        onRun(index, done)
        do {
          let run = try arms[index].once()
          if round >= warmups { runs[index].append(run) }
        } catch is CancellationError {
          return runs
        }
        done += 1
      }
    }
    return runs
  }
}

/// The speed of one arm, and how it compares with another's.
public struct Throughput: Sendable {
  /// Tokens per second: the median run.
  public let rate: IntervalEstimate
  public let runs: [TimedRun]

  /// - Throws: `RuntimeProblem` K620 without runs.
  public init(_ runs: [TimedRun]) throws {
    rate = try .median(of: runs.map(\.tokensPerSecond))
    self.runs = runs
  }

  /// The median over rounds of this arm's rate over the other's in the same round.
  ///
  /// - Throws: `RuntimeProblem` K620 if there is no common round.
  public func speedup(over other: Throughput) throws -> IntervalEstimate {
    try .median(of: zip(runs, other.runs).map { $0.tokensPerSecond / $1.tokensPerSecond })
  }
}
