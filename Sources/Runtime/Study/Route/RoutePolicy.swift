/// How a router chooses a server: the one with the least cost, ties going to the least memory, then to the first.
///
/// Source: second paper, section 5.4; sheet router.
public enum RoutePolicy {
  /// Least memory in use.
  case baseline
  /// Best predicted decode throughput of the request, 1 / tbot(r, s).
  case throughput
  /// Shortest predicted response.
  case length
  /// Least predicted end-to-end time.
  case both
  /// A cost of one's own; K635 if it is not a finite number.
  case custom(name: String, cost: (RouteCandidate) throws -> Double)

  /// The policies of the paper.
  public static var named: [RoutePolicy] { [.baseline, .throughput, .length, .both] }

  public var name: String {
    switch self {
    case .baseline: "baseline"
    case .throughput: "throughput"
    case .length: "length"
    case .both: "both"
    case .custom(let name, _): name
    }
  }

  /// Whether the cost may ask for the prefills of what waits.
  var countsPrefill: Bool {
    switch self {
    case .baseline, .throughput, .length: false
    case .both, .custom: true
    }
  }

  func cost(_ candidate: RouteCandidate) throws -> Double {
    switch self {
    case .baseline: return candidate.memoryBytes
    case .throughput: return candidate.secondsPerToken
    case .length: return candidate.predictedTokens
    case .both: return candidate.endToEndSeconds
    case .custom(let name, let cost):
      let value = try cost(candidate)
      guard value.isFinite else { throw RouteProblems.cost(name, value, candidate) }
      return value
    }
  }

  /// The server of a request that arrives now: the least cost, then the least memory, then the first.
  ///
  /// - Parameter candidate: a server as it is now; not asked for where there is only one.
  /// - Throws: K635; what a cost of one's own throws.
  func choice(among servers: Int, _ candidate: (Int) -> RouteCandidate) throws -> Int {
    guard servers > 1 else { return 0 }
    var best = 0
    var bestCost = Double.infinity
    var bestMemory = Double.infinity
    for place in 0..<servers {
      let candidate = candidate(place)
      let cost = try cost(candidate)
      let memory = candidate.memoryBytes
      guard place == 0 || cost < bestCost || (cost == bestCost && memory < bestMemory) else { continue }
      (best, bestCost, bestMemory) = (place, cost, memory)
    }
    return best
  }
}
