import Testing

@testable import Runtime

/// Where the time of a request goes: parts are never negative, sum up to no more than the whole, and belong to whom they
/// should. How large they are no test can say.
struct PhaseClockTests {
  private func generation(_ compressor: Compressor, prompt: Int = 120, batch: Int = 1) throws -> [Generation] {
    let tiny = TinyModel()
    let trial = try EngineTrial(try tiny.model())
    let requests = (0..<4).map {
      GenerationRequest(sample: "\($0)", prompt: tiny.text(prompt + $0), maxTokens: 8, ignoresEnd: true)
    }
    return Array(try trial.generate(requests, compressor, batch: batch).values)
  }

  private static let methods: [(compressor: String, given: [String: Int], score: Bool, select: Bool, pack: Bool)] = [
    ("", [:], false, false, false),
    ("kivi", ["group": 32, "residual": 32], false, false, true),
    ("gear", [:], false, false, true),
    ("streamingllm", ["budget": 32], false, true, false),
    ("h2o", ["budget": 32], true, true, false),
  ]

  @Test("parts are not negative, sum up to the whole at most, and a method has those that it does", arguments: methods)
  func parts(
    _ method: (compressor: String, given: [String: Int], score: Bool, select: Bool, pack: Bool)
  ) throws {
    let compressor = try method.compressor.isEmpty ? .none : Compressor.of(method.compressor, method.given)
    for batch in [1, 3] {
      for each in try generation(compressor, batch: batch) {
        let phases = each.phases
        #expect(phases.model > 0 && phases.attention > 0)
        #expect((phases.score > 0) == method.score && phases.score >= 0)
        #expect((phases.select > 0) == method.select && phases.select >= 0)
        #expect((phases.pack > 0) == method.pack && phases.pack >= 0)
        #expect(phases.total <= each.totalSeconds)
      }
    }
  }

  @Test("a region's time is split by what its workers spent")
  func regions() {
    var region = RegionTimes()
    region.reset(workers: 3)
    #expect(region.share == 0)
    for worker in 0..<3 {
      region.line(worker)[0] = UInt64(100 * (worker + 1))
      region.line(worker)[1] = 50
    }
    #expect(region.share == 0.25)
    region.reset(workers: 3)
    #expect(region.share == 0)
  }

  @Test("laps add up to what went by, and a share of one may be another's")
  func laps() {
    let clock = PhaseClock()
    let began = PhaseClock.now()
    clock.start()
    clock.lap(.model)
    clock.lap(.attention, share: 0.25, of: .score)
    clock.lap(.pack)
    let seconds = Double(PhaseClock.now() - began) * 1e-9
    #expect(clock.times.total <= seconds && clock.times.total > 0)
    #expect(abs(clock.times.score * 3 - clock.times.attention) < 1e-9)
    let before = clock.times
    clock.start()
    #expect((clock.times - before).total == 0)
  }
}
