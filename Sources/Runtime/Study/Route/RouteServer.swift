/// The state of one server: what waits (W), what a running prefill has taken (F), and what decodes (R).
///
/// Sums over W, F and R are kept up as requests come and go, so that an event costs the same however many there are: the
/// tokens cached in R grow by one a step for each request that is not yet at its limit, and two heaps know the steps at
/// which requests reach the limit and leave. Source: sheet router.
struct RouteServer {
  enum Phase { case idle, prefill, decode }

  let method: Int
  let times: any ServiceTimes
  /// Whether sums of prefill times are wanted; most policies do without.
  let countsPrefill: Bool

  private(set) var phase = Phase.idle
  /// When the running iteration ends; infinite while idle.
  private(set) var endSeconds = Double.infinity
  private(set) var waiting = RequestQueue()
  private(set) var taken: [Int] = []
  /// Σ pre([P]) over W.
  private(set) var waitingPrefillSeconds = 0.0
  /// Σ cached(P, 0) over W and F.
  private(set) var queuedTokens = 0
  /// Σ cached(P, g) over R.
  private(set) var runningTokens = 0
  private var leaving = StepHeap()
  private var filling = StepHeap()
  /// Requests of R that are not at the cache's limit.
  private var growing = 0
  private var step = 0
  private(set) var load: RouteServerLoad

  init(method: Int, times: any ServiceTimes, countsPrefill: Bool) {
    self.method = method
    self.times = times
    self.countsPrefill = countsPrefill
    load = RouteServerLoad(method: method)
  }

  var running: Int { leaving.count }
  /// |R| + |W| + |F|.
  var requests: Int { running + waiting.count + taken.count }
  var heldTokens: Int { runningTokens + queuedTokens }

  /// The server as a policy sees it when the request arrives.
  func candidate(_ request: Int, place: Int, _ workload: RouteWorkload, _ fleet: RouteFleet) -> RouteCandidate {
    RouteCandidate(
      request: request, promptTokens: workload.promptTokens[request],
      predictedTokens: workload.predictedTokens[method][request], server: place, method: fleet.methods[method].name,
      running: running, waiting: waiting.count, prefilling: taken.count, heldTokens: heldTokens,
      waitingPrefillSeconds: waitingPrefillSeconds, times: times)
  }

  mutating func enqueue(_ request: Int, prompt: Int) {
    waiting.append(request)
    queuedTokens += times.cachedTokens(prompt: prompt, generated: 0)
    if countsPrefill { waitingPrefillSeconds += times.prefillSeconds(promptTokens: [prompt]) }
    load.requests += 1
  }

  /// Begins the next iteration at `now`: a prefill of what waits if there is room, else one decode step, else nothing.
  mutating func start(at now: Double, prompts: [Int], fleet: RouteFleet) {
    if !waiting.isEmpty, running < fleet.batchLimit {
      var tokens = 0
      var taking: [Int] = []
      while let request = waiting.first, running + taken.count < fleet.batchLimit,
        taken.isEmpty || tokens + prompts[request] <= fleet.prefillLimitTokens
      {
        _ = waiting.removeFirst()
        taken.append(request)
        taking.append(prompts[request])
        tokens += prompts[request]
        if countsPrefill { waitingPrefillSeconds -= times.prefillSeconds(promptTokens: [prompts[request]]) }
      }
      // An empty queue takes no time: what rounding has left would break ties between idle servers.
      if waiting.isEmpty { waitingPrefillSeconds = 0 }
      begin(.prefill, at: now, seconds: times.prefillSeconds(promptTokens: taking))
    } else if running > 0 {
      let mean = Double(runningTokens) / Double(running)
      load.runningSteps += running
      load.steps += 1
      begin(.decode, at: now, seconds: times.decodeSeconds(batch: running, meanCachedTokens: mean))
    } else {
      phase = .idle
      endSeconds = .infinity
    }
  }

  private mutating func begin(_ next: Phase, at now: Double, seconds: Double) {
    phase = next
    endSeconds = now + seconds
    load.busySeconds += seconds
  }

  /// The requests of the prefill that ends now; each has its first token, and joins R unless that is all.
  mutating func endPrefill(prompts: [Int], responses: [Int]) -> [Int] {
    let ended = taken
    taken.removeAll(keepingCapacity: true)
    for request in ended {
      let (prompt, response) = (prompts[request], responses[request])
      queuedTokens -= times.cachedTokens(prompt: prompt, generated: 0)
      guard response > 1 else { continue }
      let leavingStep = step + response - 1
      runningTokens += times.cachedTokens(prompt: prompt, generated: 1)
      leaving.insert(.init(step: leavingStep, request: request))
      guard let limit = times.cacheLimitTokens else {
        growing += 1
        continue
      }
      guard prompt + 1 < limit else { continue }
      growing += 1
      let fullStep = step + limit - prompt - 1
      if fullStep < leavingStep { filling.insert(.init(step: fullStep, request: request)) }
    }
    return ended
  }

  /// Hands over the requests that have all their tokens after the decode step that ends now.
  mutating func endDecode(prompts: [Int], responses: [Int], _ done: (Int) -> Void) {
    step += 1
    runningTokens += growing
    while filling.removeFirst(at: step) != nil { growing -= 1 }
    while let entry = leaving.removeFirst(at: step) {
      let (prompt, response) = (prompts[entry.request], responses[entry.request])
      runningTokens -= times.cachedTokens(prompt: prompt, generated: response)
      // It was still growing unless its limit came on an earlier step.
      let isFull = times.cacheLimitTokens.map { prompt + response > $0 } ?? false
      if !isFull { growing -= 1 }
      done(entry.request)
    }
  }
}
