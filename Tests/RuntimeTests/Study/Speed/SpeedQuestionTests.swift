import Testing

@testable import Runtime

/// What each style runs, and how its rounds become one rate.
@Suite("Speed questions") struct SpeedQuestionTests {
  private func run(_ seconds: Double, tokens: Int, forwards: [Double]? = nil, first: Double? = nil) -> TimedRun {
    TimedRun(seconds: seconds, tokens: tokens, forwardSeconds: forwards, firstTokenSeconds: first)
  }

  @Test("paper: prompts are one forward a round, steps a forward each, all rounds together")
  func paper() throws {
    let prefill = SpeedQuestion.prefill(tokens: 1_024, batch: 4)
    #expect(prefill.work == .prefill(tokens: 1_024, batch: 4) && prefill.workBefore == nil)
    let runs = [0.012, 0.010, 0.011, 0.0105, 0.030].map { run($0, tokens: 4_096) }
    #expect(abs(try #require(prefill.rate(runs)) - 366_805.97) < 0.01)
    #expect(prefill.rate(Array(runs.prefix(2))) == nil)
    // A round is one forward: its own rate has nothing left out.
    #expect(prefill.roundRate(runs[1]) == 409_600)
    let decode = SpeedQuestion.decode(depth: 7, batch: 4, steps: 5)
    let steps = run(0.0735, tokens: 20, forwards: [0.012, 0.010, 0.011, 0.0105, 0.030])
    #expect(abs(try #require(decode.rate([steps])) - 358.209) < 0.001)
    #expect(decode.rate([steps]) == decode.roundRate(steps))
  }

  @Test("trl: whole calls, the short one subtracted")
  func trl() throws {
    let decode = SpeedQuestion.decode(depth: 32, batch: 4, steps: 64, style: .trl)
    #expect(decode.work == .requests(prompt: 32, batch: 4, new: 65))
    #expect(decode.workBefore == .requests(prompt: 32, batch: 4, new: 1))
    #expect(abs(try #require(decode.rate([run(3.2, tokens: 1, first: 0.4)])) - 91.4286) < 1e-4)
    #expect(decode.rate([run(0.4, tokens: 1, first: 0.4)]) == nil && decode.roundRate(run(1, tokens: 1)) == nil)
    let prefill = SpeedQuestion.prefill(tokens: 100, batch: 2, style: .trl)
    #expect(prefill.work == .requests(prompt: 100, batch: 2, new: 1) && prefill.workBefore == nil)
    #expect(prefill.rate([run(0.4, tokens: 1), run(0.6, tokens: 1)]) == 400)
  }

  @Test("vllm: output tokens over the time of steps, all tokens over the time of prompts, rounds end to end")
  func vllm() throws {
    func served(_ ends: [Double], _ prompt: Int) -> TimedRun {
      TimedRun(seconds: 0, tokens: 0, requests: [RequestTimes(sent: 0, chunks: ends, promptTokens: prompt)])
    }
    let decode = SpeedQuestion.decode(depth: 10, batch: 1, steps: 2, style: .vllm)
    #expect(decode.rate([served([1, 2, 3], 10), served([1, 2, 6], 10)]) == 6.0 / 9)
    let prefill = SpeedQuestion.prefill(tokens: 10, batch: 1, style: .vllm)
    #expect(prefill.rate([served([2], 10)]) == 5.5)
    #expect(decode.rate([TimedRun(seconds: 1, tokens: 1)]) == nil && decode.rate([]) == nil)
  }

  @Test("llama_bench: the mean of rates")
  func llamaBench() throws {
    let question = SpeedQuestion.decode(depth: 0, batch: 1, steps: 128, style: .llamaBench)
    #expect(question.work == .decode(depth: 0, batch: 1, steps: 128))
    #expect(abs(try #require(question.rate([run(1, tokens: 128), run(1.25, tokens: 128)])) - 115.2) < 1e-9)
    #expect(question.rate([]) == nil)
  }

  @Test("requests: a ratio of rates is one of mean latencies")
  func latency() throws {
    let question = SpeedQuestion.request(prompt: 8, batch: 2, steps: 1)
    #expect(question.work == .requests(prompt: 8, batch: 2, new: 2))
    func served(_ ends: [Double]) -> TimedRun {
      TimedRun(seconds: 0, tokens: 0, requests: ends.map { RequestTimes(sent: 0, chunks: [0.1, $0]) })
    }
    let (slow, fast) = (SpeedEstimate(question, [served([2, 4])]), SpeedEstimate(question, [served([1, 2])]))
    #expect(fast.speedup(over: slow)?.value == 2)
  }

  @Test("a speed-up pairs rounds, so a slow one does not count against one side; its interval holds its value")
  func speedup() throws {
    let question = SpeedQuestion.prefill(tokens: 100, batch: 1, style: .llamaBench)
    let slow = SpeedEstimate(question, [1.0, 10, 2].map { run($0, tokens: 100) })
    let fast = SpeedEstimate(question, [0.5, 5, 1].map { run($0, tokens: 100) })
    let speedup = try #require(fast.speedup(over: slow))
    #expect(speedup.value == 2 && speedup.low == 2 && speedup.high == 2)
    #expect(slow.speedup(over: slow)?.value == 1)
    #expect(slow.rate?.low == 10 && slow.rate?.high == 100)
    // One round that was slow on one side alone moves the ratio of means beyond all of the rounds' but its own.
    let odd = SpeedEstimate(question, [0.5, 5, 1, 1, 1, 1, 1, 1, 1, 1].map { run($0, tokens: 100) })
    let base = SpeedEstimate(question, [0.001, 5, 1, 1, 1, 1, 1, 1, 1, 1].map { run($0, tokens: 100) })
    let ratio = try #require(odd.speedup(over: base))
    let (low, high) = (try #require(ratio.low), try #require(ratio.high))
    #expect(low <= ratio.value && ratio.value <= high)
  }

  @Test("attention is told of one forward, alone and as a share, what compression adds beside it")
  func attention() {
    var phases = PhaseTimes()
    (phases.attention, phases.score, phases.select, phases.pack, phases.model) = (0.5, 0.1, 0.2, 0.3, 0.9)
    let runs = (0..<2).map { _ in TimedRun(seconds: 2, tokens: 4, forwardSeconds: [0.5, 0.5, 0.5, 0.5], phases: phases)
    }
    let speed = SpeedEstimate(.decode(depth: 1, batch: 1, steps: 4), runs)
    #expect(speed.attentionSeconds == 0.125 && speed.attentionShare == 0.25)
    #expect(abs(speed.compressionSeconds - 0.15) < 1e-12)
    let nothing = SpeedEstimate(.decode(depth: 1, batch: 1, steps: 4), [])
    #expect(nothing.attentionShare == 0 && nothing.attentionSeconds == 0 && nothing.rate == nil)
  }
}
