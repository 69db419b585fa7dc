import Foundation
import Testing

@testable import Runtime

/// Profiles out of made-up times whose law is known.
@Suite("Profile: predictions") struct ConfigurationProfileTests {
  static let lengths = [32, 64, 96, 128, 160, 192, 256, 320, 384, 448, 512]

  static func grid(rounds: Int = 1) throws -> ProfileGrid {
    try ProfileGrid(batches: [1, 2, 4], lengths: lengths, rounds: rounds)
  }

  /// Seconds of attention and of the rest, as straight as the tables are between their points.
  static func law(_ stage: MeasuredThroughput.Stage, batch: Int, tokens: Int) -> (attention: Double, rest: Double) {
    let (b, n) = (Double(batch), Double(tokens))
    return stage == .prefill ? (b * 1e-8 * n * n, b * 1e-4 * n) : (5e-4 + 1e-6 * b * n, 0.01 + 0.002 * b)
  }

  static func visit(
    _ length: Int, _ grid: ProfileGrid, heldBytes: (Int) -> Int = { $0 * 100 },
    slower: (ProfileSample) -> Double = { _ in 1 }
  ) -> ProfileVisit {
    let samples = [MeasuredThroughput.Stage.prefill, .decoding].flatMap { stage in
      grid.batches.map { batch -> ProfileSample in
        let tokens = stage == .prefill ? length : length + 3
        let (attention, rest) = law(stage, batch: batch, tokens: tokens)
        var sample = ProfileSample(
          stage: stage, batch: batch, length: length, tokens: tokens, seconds: attention + rest,
          attentionSeconds: attention)
        let factor = slower(sample)
        sample.seconds *= factor
        sample.attentionSeconds *= factor
        return sample
      }
    }
    return ProfileVisit(samples: samples, heldBytes: heldBytes(length))
  }

  static func profile(
    heldBytes: @escaping (Int) -> Int = { $0 * 100 }, slower: (Int, ProfileSample) -> Double = { _, _ in 1 },
    rounds: Int = 1
  ) throws -> ConfigurationProfile {
    let grid = try grid(rounds: rounds)
    let visits = (0..<rounds).flatMap { round in
      lengths.map { visit($0, grid, heldBytes: heldBytes, slower: { slower(round, $0) }) }
    }
    return try ConfigurationProfile(visits, grid: grid, layers: 30)
  }

  @Test("where times follow the tables' law, held-out forwards are predicted to the last digits, and so are all others")
  func exact() throws {
    let predictor = try Self.profile().predictor(.table)
    #expect(predictor.heldOut.count == 9 + 9)
    for point in predictor.heldOut { #expect(abs(point.relativeError) < 1e-9, "\(point)") }
    let estimate = try predictor.estimate(.decoding, batch: 3, tokens: 301)
    let (attention, rest) = Self.law(.decoding, batch: 3, tokens: 301)
    #expect(abs(estimate.seconds - attention - rest) < 1e-9 && estimate.reach == .tested)
    // Prompts run one behind the other, however many there are.
    let one = try predictor.estimate(.prefill, batch: 1, tokens: 256).seconds
    #expect(abs(try predictor.estimate(.prefill, batch: 7, tokens: 256).seconds - 7 * one) < 1e-9)
  }

  @Test("a held-out forward that took longer costs accuracy and widens the interval, and changes no prediction")
  func heldOut() throws {
    let slow = try Self.profile(slower: { _, sample in
      sample.stage == .decoding && sample.batch == 2 && sample.length == 128 ? 2 : 1
    })
    let (plain, other) = (try Self.profile().predictor(.table), try slow.predictor(.table))
    let (before, after) = (
      try plain.estimate(.decoding, batch: 2, tokens: 300), try other.estimate(.decoding, batch: 2, tokens: 300)
    )
    #expect(before.seconds == after.seconds && after.highSeconds > 1.9 * before.highSeconds)
    let accuracy = try #require(after.heldOut.percent)
    #expect(abs(accuracy - (100 - 100 * 0.5 / 9)) < 1e-6)
  }

  @Test("one slow round of three leaves the median alone")
  func rounds() throws {
    let noisy = try Self.profile(slower: { round, _ in round == 1 ? 5 : 1 }, rounds: 3)
    #expect(noisy.points.allSatisfy { $0.samples == 3 })
    #expect(noisy.points.map(\.seconds) == (try Self.profile()).points.map(\.seconds))
  }

  @Test("beyond the profile the interval widens, and farther out there is no prediction")
  func beyond() throws {
    let predictor = try Self.profile().predictor(.table)
    let edge = try predictor.estimate(.decoding, batch: 4, tokens: 515)
    let beyond = try predictor.estimate(.decoding, batch: 4, tokens: 900)
    #expect(beyond.reach == .beyond && beyond.highSeconds > 1.7 * edge.highSeconds)
    #expect(routeCode { try predictor.estimate(.decoding, batch: 4, tokens: 1_031) } == "K634")
    #expect(routeCode { try predictor.estimate(.decoding, batch: 9, tokens: 64) } == "K634")
    #expect(routeCode { try predictor.estimate(.prefill, batch: 1, tokens: 1_025) } == "K634")
  }

  @Test("a cache that stops growing is told from one that grows, and any length of it can be predicted")
  func bounded() throws {
    let growing = try Self.profile()
    #expect(growing.limitTokens == nil && growing.bytesPerToken == 100)
    let bounded = try Self.profile(heldBytes: { min($0, 192) * 100 })
    #expect(bounded.limitTokens == 192 && bounded.bytesPerToken == 100)
    #expect(try bounded.predictor(.table).estimate(.decoding, batch: 1, tokens: 100_000).reach != .beyond)
    #expect(try bounded.serviceTimes().cacheLimitTokens == 192)
  }

  @Test("the router's times are the measured ones")
  func serviceTimes() throws {
    let profile = try Self.profile()
    let (attention, rest) = Self.law(.decoding, batch: 2, tokens: 259)
    #expect(
      abs(try profile.serviceTimes().decodeSeconds(batch: 2, meanCachedTokens: 259) - attention - rest) < 1e-12)
    let predicted = try profile.predictedTimes(.table)
    #expect(abs(predicted.decodeSeconds(batch: 2, meanCachedTokens: 259) - attention - rest) < 1e-9)
  }

  @Test("a profile is read as it was written, and one that was tampered with is not")
  func stored() throws {
    let profile = try Self.profile()
    let text = String(decoding: try JSONEncoder().encode(profile), as: UTF8.self)
    func read(_ text: String) throws -> ConfigurationProfile {
      try JSONDecoder().decode(ConfigurationProfile.self, from: Data(text.utf8))
    }
    #expect(try read(text) == profile)
    for (from, to) in [
      ("\"version\":1", "\"version\":2"), ("\"layers\":30", "\"layers\":0"), ("\"batch\":4", "\"batch\":-4"),
      ("\"tokens\":512", "\"tokens\":9000000000000000000"), ("\"bytes\":3200", "\"bytes\":-1"),
    ] {
      #expect(text.contains(from))
      #expect(try !read(text.replacing(from, with: to)).isSound, "\(to)")
    }
    #expect(routeCode { try ConfigurationProfile([], grid: Self.grid(), layers: 30) } == "K641")
  }
}
