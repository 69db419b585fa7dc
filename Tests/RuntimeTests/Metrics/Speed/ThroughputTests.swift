import Testing

@testable import Runtime

/// The arithmetic of every style against the numbers of the sheet `throughput`.
@Suite("Throughput") struct ThroughputTests {
  private func isNear(_ value: Double?, _ expected: Double, _ tolerance: Double = 5e-7) -> Bool {
    value.map { abs($0 / expected - 1) < tolerance } ?? false
  }

  @Test("paper: the smallest and the largest forward are left out, and rates are over the whole batch")
  func paper() throws {
    let forward = try #require(ForwardThroughput([0.012, 0.010, 0.011, 0.0105, 0.030]))
    #expect(isNear(forward.meanSeconds, 0.0335 / 3))
    #expect(isNear(forward.decode(batch: 4), 358.209, 1e-6))
    #expect(isNear(forward.prefill(batch: 4, prompt: 1_024), 366_805.97))
  }

  @Test("paper: of three times the middle one is left", arguments: [[1.0, 2, 9], [9, 2, 1], [2, 2, 2], [2, 2, 7]])
  func three(seconds: [Double]) throws {
    #expect(try #require(ForwardThroughput(seconds)).meanSeconds == 2)
  }

  @Test(
    "paper: fewer than three times, or times of nothing, have no result", arguments: [[], [1], [1, 2], [0, 0, 0]])
  func none(seconds: [Double]) { #expect(ForwardThroughput(seconds) == nil) }

  @Test("trl: 64 tokens over what the long call takes longer than the short one")
  func trl() throws {
    let calls = try #require(CallThroughput(firstTokenSeconds: [0.4], callSeconds: [3.2]))
    #expect(isNear(calls.decode(batch: 4), 91.4286, 1e-6))
    #expect(calls.prefill(batch: 4, prompt: 100) == 1_000)
    let means = try #require(CallThroughput(firstTokenSeconds: [0.3, 0.5], callSeconds: [3.1, 3.3], newTokens: 65))
    #expect(isNear(means.decode(batch: 4), 91.4286, 1e-6))
    // A long call that was no longer says nothing.
    #expect(try #require(CallThroughput(firstTokenSeconds: [2], callSeconds: [2])).decode(batch: 1) == nil)
    #expect(try #require(CallThroughput(firstTokenSeconds: [2])).decode(batch: 1) == nil)
    #expect(CallThroughput(firstTokenSeconds: []) == nil && CallThroughput(firstTokenSeconds: [0]) == nil)
  }

  @Test("llama_bench: the mean of rates with their sample deviation, not tokens over the mean time")
  func llamaBench() throws {
    let rate = try #require(RepetitionThroughput(tokens: 128, seconds: [1, 1.25]))
    #expect(isNear(rate.mean, 115.2) && isNear(rate.deviation, 18.1019, 1e-5))
    #expect(abs(rate.mean - 113.78) > 1)
    #expect(try #require(RepetitionThroughput(tokens: 10, seconds: [2])).deviation == 0)
    #expect(RepetitionThroughput(tokens: 10, seconds: []) == nil)
    #expect(RepetitionThroughput(tokens: 10, seconds: [1, 0]) == nil)
  }

  @Test("a request: TTFT, TPOT, gaps and end to end out of when its chunks came")
  func request() throws {
    let request = RequestTimes(sent: 0, chunks: [0.5, 0.6, 0.75])
    #expect(request.timeToFirstToken == 0.5 && request.endToEnd == 0.75)
    #expect(isNear(request.timePerOutputToken, 0.125))
    #expect(request.gaps.count == 2 && isNear(request.gaps[0], 0.1) && isNear(request.gaps[1], 0.15))
    // Chunks of several tokens: TPOT counts tokens, ITL counts chunks.
    #expect(isNear(RequestTimes(sent: 0, chunks: [0.5, 1.5], outputTokens: 11).timePerOutputToken, 0.1))
    let single = RequestTimes(sent: 1, chunks: [3])
    #expect(single.timePerOutputToken == nil && single.gaps.isEmpty && single.endToEnd == 2)
    let empty = RequestTimes(sent: 1, chunks: [])
    #expect(empty.timeToFirstToken == nil && empty.endToEnd == nil && empty.timePerOutputToken == nil)
  }

  @Test("vllm: TPOT is a mean of requests' means, ITL a pool, totals are over the time from first to last")
  func serving() throws {
    let times = try #require(
      ServingTimes([
        RequestTimes(sent: 1, chunks: [2, 3, 4, 5], promptTokens: 100),
        RequestTimes(sent: 1.5, chunks: [3, 6], promptTokens: 50), RequestTimes(sent: 1, chunks: []),
      ]))
    #expect(times.duration == 5 && times.requests.count == 2)
    #expect(times.requestRate == 0.4 && times.outputRate == 6.0 / 5 && times.totalRate == 156.0 / 5)
    #expect(times.timesPerOutputToken == [1, 3] && times.gaps == [1, 1, 1, 3])
    #expect(TimeSpread(times.timesPerOutputToken)?.mean == 2 && TimeSpread(times.gaps)?.mean == 1.5)
    #expect(times.timesToFirstToken == [1, 1.5] && times.endToEnd == [4, 4.5])
    #expect(ServingTimes([]) == nil && ServingTimes([RequestTimes(sent: 0, chunks: [])]) == nil)
  }

  @Test(
    "percentiles go by straight line at rank (n - 1) p / 100",
    arguments: [(50.0, 3.0), (90, 7.6), (95, 8.8), (99, 9.76)])
  func percentiles(p: Double, expected: Double) throws {
    #expect(isNear(try #require(TimeSpread([10, 2, 1, 4, 3])).percentile(p), expected))
  }

  @Test("the spread is the population's, and times that are none have none")
  func spread() throws {
    let spread = try #require(TimeSpread([1, 2, 3, 4, 10]))
    #expect(spread.mean == 4 && spread.median == 3 && isNear(spread.deviation, 10.0.squareRoot()))
    #expect(spread.percentile(-5) == 1 && spread.percentile(500) == 10)
    #expect(TimeSpread([]) == nil && TimeSpread([1, .nan]) == nil)
  }

  @Test("half precision: bytes of a token and a layer, of known models and whole batches")
  func bytes() {
    let small = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)
    #expect(small.tokenBytes == 768 && small.tokenBytes * 4_096 == 3_145_728)
    #expect(small.tokenBytes * 4_096 * small.layers == 90 << 20)
    let llama2 = CacheShape(layers: 32, kvHeads: 32, groupHeads: 1, headDim: 128)
    #expect(llama2.tokenBytes * llama2.layers == 524_288)
    #expect(llama2.tokenBytes * llama2.layers * 512 * 2_048 == 512 << 30)
    let llama3 = CacheShape(layers: 80, kvHeads: 8, groupHeads: 8, headDim: 128)
    #expect(llama3.tokenBytes * llama3.layers == 327_680)
    #expect(llama3.tokenBytes * llama3.layers * 512 * 2_048 == 320 << 30)
  }
}
