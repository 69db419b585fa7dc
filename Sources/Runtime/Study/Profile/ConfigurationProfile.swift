/// What `profile` measured of one configuration: times of a layer's parts, and whole forwards kept back to test them.
public struct ConfigurationProfile: Codable, Sendable, Equatable {
  /// Raised when what is stored changes its meaning.
  public static let version = 1

  /// One place of the grid: the medians over its visits.
  public struct Point: Codable, Sendable, Equatable {
    public var stage: MeasuredThroughput.Stage
    public var batch: Int
    /// Tokens of each prompt; in decode the mean of those cached.
    public var tokens: Int
    public var seconds: Double
    public var attentionSeconds: Double
    public var samples: Int
    /// Kept back: no prediction is made from it.
    public var isHeldOut: Bool

    var isSound: Bool {
      guard (1...1 << 20).contains(batch), (1...1 << 30).contains(tokens) else { return false }
      guard seconds.isFinite, seconds > 0 else { return false }
      return attentionSeconds >= 0 && attentionSeconds <= seconds
    }
  }

  /// Bytes of one sequence behind a prompt.
  public struct Held: Codable, Sendable, Equatable {
    public var tokens: Int
    public var bytes: Int

    var isSound: Bool { (1...1 << 30).contains(tokens) && (0...1 << 50).contains(bytes) }
  }

  public var version = Self.version
  public let layers: Int
  public let points: [Point]
  /// Ascending by tokens.
  public let held: [Held]

  /// - Throws: K620 without samples, K641 if they make no profile.
  public init(_ visits: [ProfileVisit], grid: ProfileGrid, layers: Int) throws {
    self.layers = layers
    let places = Dictionary(grouping: visits.flatMap(\.samples)) {
      Place(stage: $0.stage, batch: $0.batch, length: $0.length)
    }
    points = try places.keys.sorted().map { place in
      let samples = places[place] ?? []
      return Point(
        stage: place.stage, batch: place.batch, tokens: samples.reduce(0) { $0 + $1.tokens } / max(1, samples.count),
        seconds: try Quantile.of(samples.map(\.seconds), at: 0.5),
        attentionSeconds: try Quantile.of(samples.map(\.attentionSeconds), at: 0.5), samples: samples.count,
        isHeldOut: place.stage == .prefill
          ? grid.isHeldOut(promptLength: place.length) : grid.isHeldOut(batch: place.batch, length: place.length))
    }
    let bytes = Dictionary(
      visits.compactMap { visit in visit.samples.first.map { ($0.length, visit.heldBytes) } }, uniquingKeysWith: max)
    held = bytes.sorted { $0.key < $1.key }.map { Held(tokens: $0.key, bytes: $0.value) }
    guard isSound else { throw RouteProblems.profile("what was measured makes no profile") }
  }

  /// Whether all numbers can be reckoned with; what comes out of a file may be anything.
  public var isSound: Bool {
    let profiled = points.filter { !$0.isHeldOut }
    guard version == Self.version, (1...100_000).contains(layers), !held.isEmpty else { return false }
    guard points.allSatisfy(\.isSound), held.allSatisfy(\.isSound) else { return false }
    return Set(profiled.map(\.stage)).count == 2
  }

  private struct Place: Hashable, Comparable {
    let stage: MeasuredThroughput.Stage
    let batch: Int
    let length: Int

    static func < (a: Place, b: Place) -> Bool {
      (a.stage == .prefill ? 0 : 1, a.length, a.batch) < (b.stage == .prefill ? 0 : 1, b.length, b.batch)
    }
  }
}
