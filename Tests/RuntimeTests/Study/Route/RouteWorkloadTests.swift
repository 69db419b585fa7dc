import Testing

@testable import Runtime

/// Generator and synthetic requests against the sheet.
@Suite("Router: workloads") struct RouteWorkloadTests {
  @Test("SplitMix64 gives the numbers of its definition")
  func generator() {
    var generator = SplitMix64(seed: 42)
    #expect(generator.next() == 13_679_457_532_755_275_413)
    #expect(generator.next() == 2_949_826_092_126_892_291)
    var uniform = SplitMix64(seed: 1)
    for _ in 0..<1_000 { #expect((0..<1).contains(uniform.uniform())) }
  }

  @Test("the shares of table 5 give the length sheet's means and deviations")
  func shifts() {
    let expected = [(0.0109, 0.5715), (0.0866, 0.5230), (-0.0097, 0.5215), (-0.0264, 0.6844)]
    for (shift, (mean, deviation)) in zip(LengthShift.published, expected) {
      #expect(abs(shift.mean - mean) < 6e-5 && abs(shift.deviation - deviation) < 6e-5, "\(shift.method)")
    }
  }

  @Test("the first requests, the last arrival and the means are the sheet's")
  func synthetic() throws {
    let workload = try SyntheticWorkload().workload()
    #expect(workload.count == 1_000 && workload.arrivalSeconds[0] == 0)
    #expect(abs(workload.arrivalSeconds[1] - 0.083601) < 5e-7)
    #expect(Array(workload.promptTokens.prefix(2)) == [701, 255])
    #expect(
      workload.responseTokens.map { Array($0.prefix(2)) } == [[59, 116], [119, 139], [55, 69], [27, 70], [23, 67]])
    #expect(abs(try #require(workload.arrivalSeconds.last) - 98.0747) < 5e-5)
    func mean(_ numbers: [Int]) -> Double { Double(numbers.reduce(0, +)) / 1_000 }
    #expect(mean(workload.promptTokens) == 186.026)
    #expect(workload.responseTokens.map(mean) == [218.543, 240.685, 255.792, 232.712, 240.862])
    #expect(workload.predictedTokens[2] == workload.responseTokens[2].map(Double.init))
  }

  @Test("requests do not depend on the rate or on the predictor's error; predictions spread with it")
  func independence() throws {
    let slow = try SyntheticWorkload(rate: 1).workload()
    let fast = try SyntheticWorkload(rate: 100, predictionError: 0.12).workload()
    #expect(slow.promptTokens == fast.promptTokens && slow.responseTokens == fast.responseTokens)
    #expect(abs(slow.arrivalSeconds[500] / fast.arrivalSeconds[500] - 100) < 1e-9)
    let accuracies = zip(fast.predictedTokens[1], fast.responseTokens[1]).map { 1 - abs($0 / Double($1) - 1) }
    // The sheet's "about 90 % accuracy".
    #expect(abs(accuracies.reduce(0, +) / 1_000 - 0.905) < 0.01)
  }

  @Test("a setting out of range is K630", arguments: [(0, 1.0, 0.0), (1, 0, 0), (1, -1, 0), (1, .nan, 0), (1, 1, -1)])
  func hostile(requests: Int, rate: Double, error: Double) {
    #expect(
      routeCode { try SyntheticWorkload(requests: requests, rate: rate, predictionError: error) } == "K630")
  }

  @Test("a replayed run has its own prompts and lengths, each in turn and then drawn again")
  func replayed() throws {
    let pairs = (1...5).map { ReplayedWorkload.Pair(prompt: $0, plain: 10 * $0, compressed: 100 * $0) }
    let workload = try ReplayedWorkload(pairs).workload(requests: 50, rate: 2, seed: 3, predictionError: 0)
    #expect(Array(workload.promptTokens.prefix(5)) == [1, 2, 3, 4, 5])
    #expect(workload.promptTokens.allSatisfy((1...5).contains) && Set(workload.promptTokens.dropFirst(5)).count > 1)
    #expect(workload.responseTokens[0] == workload.promptTokens.map { 10 * $0 })
    #expect(workload.predictedTokens[1] == workload.promptTokens.map { Double(100 * $0) })
    #expect(routeCode { try ReplayedWorkload([]) } == "K620")
    #expect(routeCode { try ReplayedWorkload([.init(prompt: 0, plain: 1, compressed: 1)]) } == "K630")
  }
}
