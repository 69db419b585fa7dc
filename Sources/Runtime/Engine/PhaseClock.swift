import Foundation

/// Seconds of the engine's work by what they went into.
public struct PhaseTimes: Equatable, Sendable {
  /// Embedding, norms, projections, feed-forward layers and logits.
  public var model = 0.0
  /// Keys and values appended, scores, softmax and weighted sums.
  public var attention = 0.0
  /// Statistics that methods rank tokens by: sums of weights, scores of keys.
  public var score = 0.0
  /// Choosing what stays or what is read, and dropping the rest.
  public var select = 0.0
  /// Packing into codes, and whatever else a codec does outside attention.
  public var pack = 0.0

  public init() {}

  public var total: Double { model + attention + score + select + pack }

  public static func - (a: PhaseTimes, b: PhaseTimes) -> PhaseTimes {
    var difference = a
    difference.model -= b.model
    difference.attention -= b.attention
    difference.score -= b.score
    difference.select -= b.select
    difference.pack -= b.pack
    return difference
  }
}

/// Adds up where the time of a forward pass goes: read between the phases of a layer, never inside a loop over tokens.
///
/// Owned by one `ForwardPass` and told by the thread that runs it; workers note their shares in `RegionTimes`.
final class PhaseClock {
  enum Phase { case model, attention, score, select, pack }

  private(set) var times = PhaseTimes()
  private var last: UInt64 = 0

  /// Nanoseconds of a clock that only runs forward.
  static func now() -> UInt64 {
    var time = timespec()
    clock_gettime(CLOCK_MONOTONIC, &time)
    return UInt64(time.tv_sec) &* 1_000_000_000 &+ UInt64(time.tv_nsec)
  }

  /// What went by until now belongs to no phase.
  func start() { last = Self.now() }

  /// What went by since the last call belongs to the phase.
  func lap(_ phase: Phase) { add(elapsed(), to: phase) }

  /// What went by since the last call belongs to the phase, less the share of it that workers spent on another.
  func lap(_ phase: Phase, share: Double, of other: Phase) {
    let seconds = elapsed()
    add(seconds * (1 - share), to: phase)
    add(seconds * share, to: other)
  }

  private func elapsed() -> Double {
    let now = Self.now()
    defer { last = now }
    return Double(now &- last) * 1e-9
  }

  private func add(_ seconds: Double, to phase: Phase) {
    switch phase {
    case .model: times.model += seconds
    case .attention: times.attention += seconds
    case .score: times.score += seconds
    case .select: times.select += seconds
    case .pack: times.pack += seconds
    }
  }
}

/// What workers of one parallel region spent in all and on the part of it that another phase owns, in nanoseconds.
struct RegionTimes {
  /// A cache line a worker: the whole, the part.
  private var lines = GrowingBuffer<UInt64>()
  private var workers = 0

  mutating func reset(workers: Int) {
    self.workers = workers
    lines.reserve(workers * 8)
    lines.base.update(repeating: 0, count: workers * 8)
  }

  /// Where a worker adds up its own: [0] the whole, [1] the part.
  func line(_ worker: Int) -> UnsafeMutablePointer<UInt64> { lines.base + worker * 8 }

  /// The part's share of the whole, 0...1.
  var share: Double {
    let whole = (0..<workers).reduce(0) { $0 + Double(lines.base[$1 * 8]) }
    let part = (0..<workers).reduce(0) { $0 + Double(lines.base[$1 * 8 + 1]) }
    return whole > 0 ? min(1, part / whole) : 0
  }
}
