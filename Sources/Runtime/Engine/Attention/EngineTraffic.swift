/// Bytes of keys and values that attention moved, and the memory it worked in.
public struct EngineTraffic: Equatable, Sendable {
  /// Read and written to bring new tokens behind the old ones: by copy, the whole cache twice.
  public var appendedBytes = 0
  /// Read and written to expand keys and values to query heads, or to decode packed ones.
  public var expandedBytes = 0
  /// Read by scores and weighted sums.
  public var readBytes = 0
  /// The most that scores, masks and expanded tensors of one layer took at once.
  public var scratchBytes = 0
  /// Of those, scores and weights.
  public var scoreBytes = 0

  public init() {}

  public var movedBytes: Int { appendedBytes + expandedBytes + readBytes }

  /// What the sheet's formula gives for one decode step over exact keys and values of `cacheBytes` (new token included).
  ///
  /// In caches' bytes: eager 3 + 2g, or 3 if g = 1 and nothing is expanded; flash with append=copy 3; else 1.
  public static func foretoldStepBytes(_ engine: AttentionEngine, cacheBytes: Int, groupHeads: Int) -> Int {
    switch (engine.kind, engine.append) {
    case (.eager, _): groupHeads > 1 ? (3 + 2 * groupHeads) * cacheBytes : 3 * cacheBytes
    case (_, .copy): 3 * cacheBytes
    default: cacheBytes
    }
  }

  /// Scores that eager writes out for one layer: 4 bytes for each query head, row and key.
  public static func foretoldScoreBytes(queryHeads: Int, rows: Int, tokens: Int) -> Int {
    4 * queryHeads * rows * tokens
  }
}

/// Adds up the traffic of an engine's passes; told by the thread that runs them alone.
final class TrafficCount {
  private(set) var total = EngineTraffic()
  /// Whether anyone asks: a step of many sequences has better to do.
  var isCounting = false

  func reset() { total = EngineTraffic() }

  func add(_ traffic: EngineTraffic) {
    total.appendedBytes += traffic.appendedBytes
    total.expandedBytes += traffic.expandedBytes
    total.readBytes += traffic.readBytes
    total.scratchBytes = max(total.scratchBytes, traffic.scratchBytes)
    total.scoreBytes = max(total.scoreBytes, traffic.scoreBytes)
  }
}
