import Foundation
import Testing

@testable import Runtime

/// Predictions with their intervals, and what lies outside.
@Suite("Throughput predictor: predictions") struct ThroughputPredictorTests {
  private static func predictor(_ name: String = "fp16") throws -> ThroughputPredictor {
    let profile = try PublishedProfile(folder: PublishedFolder.madeUp)
    return try profile.predictor(PublishedProfile.configuration(name), .table)
  }

  @Test(
    "the interval holds the share of held-out forwards that it says",
    arguments: PublishedProfile.configurations.map(\.name))
  func coverage(name: String) throws {
    let predictor = try Self.predictor(name)
    for level in [0.5, 0.8, 0.9] {
      for stage in [MeasuredThroughput.Stage.prefill, .decoding] {
        let points = predictor.heldOut.filter { $0.stage == stage }
        let held = try points.filter { point in
          let estimate = try predictor.estimate(stage, batch: point.batch, tokens: point.tokens, level: level)
          // Measured lengths run a little beyond the profile's last one, where the interval is wider.
          // The interval ends at one of these points, to the last bits.
          let rounding = 1e-12 * point.measuredSeconds
          return estimate.lowSeconds - rounding <= point.measuredSeconds
            && point.measuredSeconds <= estimate.highSeconds + rounding
        }
        #expect(Double(held.count) >= level * Double(points.count))
        if level < 0.9 { #expect(held.count < points.count) }
      }
    }
  }

  @Test("a higher level gives a wider interval about the same time")
  func levels() throws {
    let predictor = try Self.predictor()
    let narrow = try predictor.estimate(.decoding, batch: 4, tokens: 1_024, level: 0.5)
    let wide = try predictor.estimate(.decoding, batch: 4, tokens: 1_024, level: 0.9)
    #expect(
      narrow.seconds == wide.seconds && narrow.lowSeconds > wide.lowSeconds && narrow.highSeconds < wide.highSeconds)
    #expect(wide.heldOut.points.count == 29 && wide.reach == .tested)
    #expect(abs(wide.tokensPerSecond - 4 / wide.seconds) < 1e-9)
  }

  @Test("beyond the profile the interval widens, to what the time may grow to; farther out there is no prediction")
  func outside() throws {
    let predictor = try Self.predictor()
    let edge = try predictor.estimate(.decoding, batch: 8, tokens: 4_032)
    let beyond = try predictor.estimate(.decoding, batch: 8, tokens: 8_000)
    #expect(beyond.reach == .beyond && beyond.lowSeconds == edge.lowSeconds)
    #expect(beyond.highSeconds > 1.9 * edge.highSeconds)
    #expect(beyond.lowSeconds < beyond.seconds && beyond.seconds < beyond.highSeconds)
    #expect(try predictor.estimate(.decoding, batch: 100, tokens: 1_024).reach == .profiled)
    #expect(routeCode { try predictor.estimate(.decoding, batch: 8, tokens: 8_065) } == "K634")
    #expect(routeCode { try predictor.estimate(.decoding, batch: 257, tokens: 64) } == "K634")
    #expect(routeCode { try predictor.estimate(.prefill, batch: 1, tokens: 8_193) } == "K634")
    #expect(routeCode { try predictor.estimate(.prefill, batch: .max, tokens: 64) } == "K630")
    #expect(routeCode { try predictor.estimate(.decoding, batch: 0, tokens: 64) } == "K630")
    #expect(routeCode { try predictor.estimate(.decoding, batch: 1, tokens: 64, level: 1) } == "K622")
    // An evicting cache is no fuller at a million tokens.
    let evicting = try Self.predictor("stream")
    #expect(try evicting.estimate(.decoding, batch: 1, tokens: 1_000_000).reach != .beyond)
  }

  @Test("a step of a batch is the forward of as many requests, and a batch of a thousand million needs no list of them")
  func hugeBatch() throws {
    for name in ["fp16", "stream"] {
      let forward = try Self.predictor(name).forward
      for (batch, tokens) in [(1, 64), (3, 700), (200, 1), (64, 5_000)] {
        #expect(
          ThroughputPredictor.seconds(forward, .decoding, batch: batch, tokens: tokens)
            == forward.milliseconds(.decode(batch: batch, cached: tokens)) / 1_000)
      }
      let most = ThroughputPredictor.seconds(forward, .decoding, batch: 1_000_000_000, tokens: 1_000_000_000)
      #expect(most.isFinite && most > 0)
    }
  }

  @Test("a speed next to nothing in a file of measurements is K632", arguments: ["0", "1e-300", "nan"])
  func noSpeed(speed: String) throws {
    let folder = try TemporaryFolder()
    let path = folder.path + "/llama-7b-fp16.csv"
    try Data("model,bsz,prompt_len,stage,thr\na,1,64,prefill,\(speed)\n".utf8).write(to: URL(fileURLWithPath: path))
    #expect(routeCode { try MeasuredThroughput(path: path) } == "K632")
  }

  @Test("prompts that do not fit into one forward go in several")
  func severalForwards() throws {
    let predictor = try Self.predictor()
    let two = try predictor.estimate(.prefill, batch: 2, tokens: 2_048).seconds
    #expect(abs(try predictor.estimate(.prefill, batch: 8, tokens: 2_048).seconds - 4 * two) < 1e-9)
    let one = try predictor.estimate(.prefill, batch: 1, tokens: 2_048).seconds
    #expect(abs(try predictor.estimate(.prefill, batch: 3, tokens: 2_048).seconds - two - one) < 1e-9)
  }

  @Test("with too few held-out points there is no interval")
  func few() throws {
    let known = try Self.predictor()
    let few = ThroughputPredictor(
      forward: known.forward, range: known.range,
      heldOut: Array(known.heldOut.filter { $0.stage == .decoding }.prefix(8)))
    #expect(routeCode { try few.estimate(.decoding, batch: 1, tokens: 512) } == "K638")
    #expect(routeCode { try few.estimate(.decoding, batch: 1, tokens: 512, level: 0.8) } == nil)
  }

  @Test("the router's predicted times are the predictor's")
  func serviceTimes() throws {
    let profile = try PublishedProfile(folder: PublishedFolder.madeUp)
    let times = try profile.predictedTimes(of: .none, regression: .table)
    let forward = try Self.predictor().forward
    #expect(
      times.decodeSeconds(batch: 3, meanCachedTokens: 1_000.7) == forward.decodeMilliseconds(batch: 3, cached: 1_000)
        / 1_000)
    #expect(
      abs(
        times.prefillSeconds(promptTokens: [100, 200]) * 1_000 - forward.milliseconds(.prefill(batch: 1, tokens: 100))
          - forward.milliseconds(.prefill(batch: 1, tokens: 200))) < 1e-9)
    #expect(times.bytesPerToken == 524_288 && times.cacheLimitTokens == nil)
  }
}
