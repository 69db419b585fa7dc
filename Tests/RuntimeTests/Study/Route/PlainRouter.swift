@testable import Runtime

/// The sheet's simulation written down once more without any sum that is kept: every number is counted anew.
enum PlainRouter {
  struct Server {
    var waiting: [Int] = []
    var taken: [Int] = []
    var running: [(request: Int, generated: Int)] = []
    var end = Double.infinity
    var isPrefill = false
  }

  static func run(_ fleet: RouteFleet, _ policy: String, _ workload: RouteWorkload) -> (
    servers: [Int], finish: [Double], firstTokens: [Double]
  ) {
    var servers = fleet.serverMethods.map { _ in Server() }
    var chosen = [Int](repeating: 0, count: workload.count)
    var finish = [Double](repeating: 0, count: workload.count)
    var firstTokens = finish
    func times(_ place: Int) -> any ServiceTimes { fleet.methods[fleet.serverMethods[place]].times }
    func held(_ place: Int) -> Int {
      let queued = (servers[place].waiting + servers[place].taken).map { ($0, 0) }
      return (queued + servers[place].running.map { ($0.request, $0.generated) }).reduce(0) {
        $0 + times(place).cachedTokens(prompt: workload.promptTokens[$1.0], generated: $1.1)
      }
    }
    func pace(_ request: Int, _ place: Int) -> Double {
      let server = servers[place]
      let count = server.running.count + server.waiting.count + server.taken.count + 1
      let own = times(place).cachedTokens(prompt: workload.promptTokens[request], generated: 0)
      return times(place).decodeSeconds(batch: count, meanCachedTokens: Double(held(place) + own) / Double(count))
    }
    func cost(_ request: Int, _ place: Int) -> Double {
      let predicted = workload.predictedTokens[fleet.serverMethods[place]][request]
      switch policy {
      case "baseline": return times(place).bytesPerToken * Double(held(place))
      case "throughput": return pace(request, place)
      case "length": return predicted
      default:
        let before = (servers[place].waiting + [request]).reduce(0.0) {
          $0 + times(place).prefillSeconds(promptTokens: [workload.promptTokens[$1]])
        }
        return before + predicted * pace(request, place)
      }
    }
    func start(_ place: Int, _ now: Double) {
      var taken: [Int] = []
      var tokens = 0
      while let next = servers[place].waiting.first, servers[place].running.count + taken.count < fleet.batchLimit,
        taken.isEmpty || tokens + workload.promptTokens[next] <= fleet.prefillLimitTokens
      {
        taken.append(servers[place].waiting.removeFirst())
        tokens += workload.promptTokens[next]
      }
      if !taken.isEmpty {
        servers[place].taken = taken
        servers[place].isPrefill = true
        servers[place].end = now + times(place).prefillSeconds(promptTokens: taken.map { workload.promptTokens[$0] })
      } else if !servers[place].running.isEmpty {
        servers[place].isPrefill = false
        let count = servers[place].running.count
        servers[place].end =
          now
          + times(place).decodeSeconds(
            batch: count, meanCachedTokens: Double(held(place) - queued(place)) / Double(count))
      } else {
        servers[place].end = .infinity
      }
    }
    func queued(_ place: Int) -> Int {
      servers[place].waiting.reduce(0) {
        $0 + times(place).cachedTokens(prompt: workload.promptTokens[$1], generated: 0)
      }
    }
    var next = 0
    while true {
      let place = servers.indices.min { (servers[$0].end, $0) < (servers[$1].end, $1) } ?? 0
      let now = servers[place].end
      if next < workload.count, workload.arrivalSeconds[next] < now {
        let best = servers.indices.min { a, b in
          func key(_ place: Int) -> (Double, Double, Int) {
            (cost(next, place), times(place).bytesPerToken * Double(held(place)), place)
          }
          return key(a) < key(b)
        }
        let server = best ?? 0
        chosen[next] = server
        servers[server].waiting.append(next)
        if servers[server].end == .infinity { start(server, workload.arrivalSeconds[next]) }
        next += 1
        continue
      }
      if now == .infinity { break }
      let lengths = workload.responseTokens[fleet.serverMethods[place]]
      if servers[place].isPrefill {
        for request in servers[place].taken {
          firstTokens[request] = now
          if lengths[request] == 1 { finish[request] = now } else { servers[place].running.append((request, 1)) }
        }
        servers[place].taken = []
      } else {
        for index in servers[place].running.indices { servers[place].running[index].generated += 1 }
        for each in servers[place].running where each.generated == lengths[each.request] { finish[each.request] = now }
        servers[place].running.removeAll { $0.generated == lengths[$0.request] }
      }
      start(place, now)
    }
    return (chosen, finish, firstTokens)
  }
}
