import Foundation

/// Servers that time their own iterations while all others do the same.
///
/// Safe to send: everything below `condition` is read and written under it.
final class ServingCalibration: @unchecked Sendable {
  private let grid: ProfileGrid

  private let condition = NSCondition()
  private var found: [[ProfileVisit]]
  private var ended = 0
  private var isStopped = false
  private var failure: (any Error)?

  init(_ grid: ProfileGrid, servers: Int) {
    self.grid = grid
    found = Array(repeating: [], count: servers)
  }

  private func locked<T>(_ work: () throws -> T) rethrows -> T {
    condition.lock()
    defer { condition.unlock() }
    return try work()
  }

  /// Visits made so far, by all servers.
  var visitCount: Int { locked { found.reduce(0) { $0 + min($1.count, grid.visits) } } }

  func stop() { locked { isStopped = true } }

  /// Waits up to a while for all servers to end; whether they have.
  func waitForEnd(seconds: Double) -> Bool {
    let limit = Date(timeIntervalSinceNow: seconds)
    return locked {
      while ended < found.count, condition.wait(until: limit) {}
      return ended == found.count
    }
  }

  /// - Throws: what a server has thrown.
  func visits() throws -> [[ProfileVisit]] {
    try locked {
      if let failure { throw failure }
      return found
    }
  }

  /// One server's part, in its own thread.
  func work(_ server: Int, _ engine: ServingEngine, _ compressor: Compressor) {
    var problem: (any Error)?
    do {
      var visit = 0
      while !isOver {
        // Servers begin at different lengths, so that not all of them prefill and then all decode.
        let turn = (visit + server) % grid.lengths.count
        guard let result = try self.visit(engine, compressor, length: grid.lengths[turn], round: visit) else { break }
        locked { found[server].append(result) }
        visit += 1
      }
    } catch {
      problem = error
    }
    locked {
      if let problem {
        failure = failure ?? problem
        isStopped = true
      }
      ended += 1
      condition.broadcast()
    }
  }

  /// Whether all servers have made their visits.
  private var isOver: Bool { locked { isStopped || found.allSatisfy { $0.count >= grid.visits } } }

  /// Prefills as many requests as the largest batch and steps each batch, sampling as servers do.
  ///
  /// - Returns: nil once no server has a visit left to make: this one was for the others' sake.
  private func visit(
    _ engine: ServingEngine, _ compressor: Compressor, length: Int, round: Int
  ) throws -> ProfileVisit? {
    var samples: [ProfileSample] = []
    var all: [ServingEngine.Sequence] = []
    for index in 0..<grid.mostBatch {
      guard !isOver else { return nil }
      let request = engine.measuredRequest(length, index)
      let clock = ServingClock()
      all.append(try engine.prefill(request, number: index, compressor))
      samples.append(
        ProfileSample(
          stage: .prefill, batch: 1, length: length, tokens: length, seconds: clock.seconds, attentionSeconds: 0))
    }
    let held = all.first?.cache.bytes.held ?? 0
    for cycle in 0..<ProfileGrid.cycles {
      for turn in grid.batches.indices {
        guard !isOver else { return nil }
        let batch = grid.batches[(turn + cycle + round) % grid.batches.count]
        var running = Array(all.prefix(batch))
        try engine.step(&running)
        let cached = running.reduce(0) { $0 + length + $1.tokens.count - 1 } / batch + (ProfileGrid.steps - 1) / 2
        let clock = ServingClock()
        for _ in 0..<ProfileGrid.steps { try engine.step(&running) }
        samples.append(
          ProfileSample(
            stage: .decoding, batch: batch, length: length, tokens: cached,
            seconds: clock.seconds / Double(ProfileGrid.steps), attentionSeconds: 0))
        all.replaceSubrange(0..<batch, with: running)
      }
    }
    return ProfileVisit(samples: samples, heldBytes: held)
  }
}

extension ProfileGrid {
  /// Lengths that the requests of a workload have, from their prompts to their last tokens, and batches up to what decodes
  /// together.
  ///
  /// - Parameter contextTokens: no length goes beyond it.
  /// - Throws: K640 if the context has no room for two lengths.
  public static func serving(
    _ workload: RouteWorkload, batchLimit: Int, rounds: Int, contextTokens: Int
  ) throws -> ProfileGrid {
    var batches: [Int] = []
    var batch = 1
    // Beyond eight the time goes on with the slope of the last two, which takes caches that would take long to fill.
    while batch <= min(batchLimit, 8) {
      batches.append(batch)
      batch *= 2
    }
    let most = batches.last ?? 1
    let room = contextTokens - stepsOfVisit(batches: batches.count)
    let prompts = workload.promptTokens.sorted()
    let longest = (workload.responseTokens.map { zip(workload.promptTokens, $0).map(+).max() ?? 0 }).max() ?? 0
    let wanted = [prompts.first ?? 1, prompts.isEmpty ? 1 : prompts[prompts.count / 2], prompts.last ?? 1, longest]
    var lengths: [Int] = []
    for length in wanted {
      let length = min(max(length, most + 1), room)
      // Lengths that lie close together tell no more than one of them.
      if let last = lengths.last, Double(length) < 1.25 * Double(last) { continue }
      lengths.append(length)
    }
    return try ProfileGrid(batches: batches, lengths: lengths, rounds: rounds)
  }
}
