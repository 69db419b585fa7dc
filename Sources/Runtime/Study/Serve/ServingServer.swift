import Foundation

/// One server of a real fleet: the simulation's server keeps its books, an engine in a thread of its own does the work.
///
/// What waits, what an iteration takes and who leaves is decided by the same `RouteServer` that the simulation runs, so that
/// the two differ in nothing but where the time comes from.
///
/// Safe to send: everything below `condition` is read and written under it; the engine and the sequences belong to the
/// server's thread.
final class ServingServer: @unchecked Sendable {
  /// When things befell a request, seconds on the fleet's clock.
  struct Times {
    var start = 0.0
    var firstToken = 0.0
    var finish = 0.0
    var tokens: [Int32] = []
  }

  private enum Iteration {
    case prefill([Int])
    case decode
  }

  private let engine: ServingEngine
  private let compressor: Compressor
  private let requests: [GenerationRequest]
  private let workload: RouteWorkload
  private let fleet: RouteFleet
  private let clock: ServingClock

  private let condition = NSCondition()
  private var book: RouteServer
  private var busySeconds = 0.0
  private var times: [Int: Times] = [:]
  private var order: [Int] = []
  private var finished = 0
  private var isClosed = false
  private var isStopped = false
  private var isDone = false
  private var failure: (any Error)?

  init(
    _ engine: ServingEngine, _ compressor: Compressor, method: Int, _ requests: [GenerationRequest],
    _ workload: RouteWorkload, _ fleet: RouteFleet, countsPrefill: Bool, _ clock: ServingClock
  ) {
    self.engine = engine
    self.compressor = compressor
    self.requests = requests
    self.workload = workload
    self.fleet = fleet
    self.clock = clock
    book = RouteServer(method: method, times: fleet.methods[method].times, countsPrefill: countsPrefill)
  }

  private func locked<T>(_ work: () throws -> T) rethrows -> T {
    condition.lock()
    defer { condition.unlock() }
    return try work()
  }

  // MARK: What the router does

  func candidate(_ request: Int, place: Int) -> RouteCandidate {
    locked { book.candidate(request, place: place, workload, fleet) }
  }

  func enqueue(_ request: Int) {
    locked {
      book.enqueue(request, prompt: workload.promptTokens[request])
      times[request] = Times()
      condition.broadcast()
    }
  }

  /// No more requests come.
  func close() {
    locked {
      isClosed = true
      condition.broadcast()
    }
  }

  /// Ends the work at its next iteration.
  func stop() {
    locked {
      isStopped = true
      condition.broadcast()
    }
  }

  /// Waits up to a while for the server's thread to end; whether it has.
  func waitForEnd(seconds: Double) -> Bool {
    let limit = Date(timeIntervalSinceNow: seconds)
    return locked {
      while !isDone, condition.wait(until: limit) {}
      return isDone
    }
  }

  var finishedRequests: Int { locked { finished } }
  var problem: (any Error)? { locked { failure } }

  /// What befell each request, the requests in the order in which their prefills began, and what the server did.
  var record: (times: [Int: Times], order: [Int], load: RouteServerLoad) {
    locked {
      var load = book.load
      load.busySeconds = busySeconds
      return (times, order, load)
    }
  }

  // MARK: The server's thread

  /// Serves until closed and empty, or stopped.
  func serve() {
    var problem: (any Error)?
    do {
      try work()
    } catch {
      problem = error
    }
    locked {
      failure = problem
      isDone = true
      condition.broadcast()
    }
  }

  private func work() throws {
    var running: [ServingEngine.Sequence] = []
    while let (iteration, began) = next() {
      switch iteration {
      case .prefill(let taken):
        let sequences = try taken.map { try engine.prefill(requests[$0], number: $0, compressor) }
        running += sequences
      case .decode:
        try engine.step(&running)
      }
      let done = end(since: began)
      for sequence in running where done.contains(sequence.number) {
        locked { times[sequence.number]?.tokens = sequence.tokens }
      }
      running.removeAll { done.contains($0.number) }
    }
  }

  /// Waits for something to do; nil once there will be nothing more.
  private func next() -> (Iteration, Double)? {
    locked {
      while !isStopped {
        let now = clock.seconds
        book.start(at: now, prompts: workload.promptTokens, fleet: fleet)
        switch book.phase {
        case .prefill:
          for request in book.taken { times[request]?.start = now }
          order += book.taken
          return (.prefill(book.taken), now)
        case .decode: return (.decode, now)
        case .idle:
          if isClosed { return nil }
          condition.wait()
        }
      }
      return nil
    }
  }

  /// Books the iteration that has just ended; the requests that have all their tokens.
  private func end(since began: Double) -> Set<Int> {
    locked {
      let now = clock.seconds
      busySeconds += now - began
      let (prompts, responses) = (workload.promptTokens, workload.responseTokens[book.method])
      var done: Set<Int> = []
      if book.phase == .prefill {
        for request in book.endPrefill(prompts: prompts, responses: responses) {
          times[request]?.firstToken = now
          if responses[request] == 1 { done.insert(request) }
        }
      } else {
        book.endDecode(prompts: prompts, responses: responses) { done.insert($0) }
      }
      for request in done { times[request]?.finish = now }
      finished += done.count
      return done
    }
  }
}

/// Seconds since a fleet began to serve.
struct ServingClock: Sendable {
  private let start = ContinuousClock.now

  var seconds: Double { (ContinuousClock.now - start).seconds }
}
