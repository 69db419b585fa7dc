import Foundation
import Testing

@testable import Runtime

/// Choosing a configuration by task type, on outcomes whose best choice is known.
@Suite("Choices by task type") struct ChoiceStudyTests {
  private static let configurations = ["fp16", "small", "middle"]

  /// Of type A only `middle` keeps the scores, of type B `small` does too.
  private static func samples(_ count: Int = 60, hasBytes: Bool = true) -> [ChoiceSample] {
    (0..<count).map { place in
      let isA = place % 2 == 0
      let scores = isA ? [0.8, 0.2, 0.8] : [0.6, 0.6, 0.6]
      return ChoiceSample(
        name: "sample-\(place)", type: isA ? "A" : "B", promptTokens: 100 + place,
        outcomes: zip(scores, [1_000, 250, 500]).map { score, bytes in
          .init(score: score, tokens: 10, bytes: hasBytes ? bytes * (110 + place) : nil)
        })
    }
  }

  private static func study(
    _ samples: [ChoiceSample], _ goal: ChoiceRule.Goal = .bytes, tolerance: Double = 0.02, seed: Int = 0,
    _ configurations: [String] = configurations
  ) throws -> ChoiceStudy {
    try ChoiceStudy(
      samples, configurations: configurations, goal: goal, tolerance: tolerance, predictsLengths: false, seed: seed,
      sha256: TaskStudyTests.digest)
  }

  private static func arm(_ study: ChoiceStudy, _ kind: ChoiceStudy.Arm.Kind) throws -> ChoiceStudy.Arm {
    try #require(study.arms.first { $0.kind == kind })
  }

  @Test(
    "each type gets the smallest cache that keeps its scores, which no fixed configuration can be", arguments: 0..<3)
  func bytes(seed: Int) throws {
    let study = try Self.study(Self.samples(), seed: seed)
    let (auto, best, oracle) = (
      try Self.arm(study, .auto), try Self.arm(study, .bestFixed), try Self.arm(study, .oracle)
    )
    #expect(auto.chosen == (0..<60).map { $0 % 2 == 0 ? 2 : 1 } && oracle.chosen == auto.chosen)
    // Over both types `small` loses too much, so `middle` is the best fixed one.
    #expect(best.chosen.allSatisfy { $0 == 2 } && best.scoreGain == nil)
    #expect(abs(auto.score - 0.7) < 1e-12 && auto.scoreGain?.difference.value == 0)
    let held = (0..<60).map { place -> Double in
      let each = place % 2 == 0 ? 500.0 : 250.0
      return each * Double(110 + place)
    }
    let mean = held.reduce(0, +) / 60
    #expect(abs((auto.bytes ?? 0) - mean) < 1e-6)
    #expect((auto.bytesGain?.difference.high ?? 0) < 0 && auto.bytesGain?.isDecided == true)
  }

  @Test("a goal of scores takes the best compressed configuration of the type, never the baseline")
  func score() throws {
    let study = try Self.study(Self.samples(hasBytes: false), .score)
    let auto = try Self.arm(study, .auto)
    #expect(auto.chosen.enumerated().allSatisfy { $0.offset % 2 == 1 || $0.element == 2 })
    #expect(!auto.chosen.contains(0) && auto.bytes == nil && auto.bytesGain == nil)
    #expect(study.arms.filter { $0.kind == .fixed }.map { $0.chosen[0] } == [0, 1, 2])
  }

  @Test("another baseline is the reference, and the uncompressed cache beside it is never chosen")
  func otherBaseline() throws {
    let samples = Self.samples().map { sample in
      var other = sample
      other.outcomes = [2, 0, 1].map { sample.outcomes[$0] }
      return other
    }
    let names = ["middle", "fp16", "small"]
    let bytes = try Self.study(samples, .bytes, names)
    for kind in [ChoiceStudy.Arm.Kind.auto, .oracle] {
      #expect(try Self.arm(bytes, kind).chosen == (0..<60).map { $0 % 2 == 0 ? 0 : 2 })
    }
    #expect(try Self.arm(bytes, .bestFixed).chosen.allSatisfy { $0 == 0 } && bytes.rule.baseline == "middle")
    let score = try Self.study(samples, .score, names)
    for kind in [ChoiceStudy.Arm.Kind.auto, .bestFixed, .oracle] {
      #expect(try Self.arm(score, kind).chosen.allSatisfy { $0 == 2 })
    }
    #expect(score.arms.filter { $0.kind == .fixed }.count == 3)
    // Naming the baseline among what may be chosen changes nothing.
    #expect(score.rule.choice(type: "A", among: [0, 2]) { _ in 0 } == 2)
  }

  @Test("a tolerance is a share of the size of the baseline's score, below 0 too")
  func negativeScores() throws {
    var samples = Self.samples()
    for place in samples.indices {
      for (configuration, score) in [-1, -1.5, -1.01].enumerated() {
        samples[place].outcomes[configuration].score = score
      }
    }
    let study = try Self.study(samples)
    for kind in [ChoiceStudy.Arm.Kind.auto, .bestFixed, .oracle] {
      #expect(try Self.arm(study, kind).chosen.allSatisfy { $0 == 2 })
    }
  }

  @Test("what is chosen for a request does not depend on its own outcomes")
  func heldOut() throws {
    let before = try Self.study(Self.samples(), .score)
    var changed = Self.samples()
    changed[10].outcomes[1].score = 1
    changed[10].outcomes[2].score = 0
    let after = try Self.study(changed, .score)
    let arms = (try Self.arm(before, .auto), try Self.arm(after, .auto))
    #expect(arms.0.chosen[10] == arms.1.chosen[10])
    #expect(try Self.arm(after, .oracle).chosen[10] == 1)
    #expect(arms.1.score < arms.0.score)
  }

  @Test("where nothing is safe the baseline is taken, and a larger tolerance makes more safe")
  func tolerance() throws {
    let rule = ChoiceRule(
      Self.samples(), Self.configurations, goal: .bytes, tolerance: 0.02, predictsLengths: false)
    let bytes: (Int) -> Double = { [1_000.0, 250, 500][$0] }
    #expect(rule.choice(type: "A", among: [1], bytes: bytes) == 0)
    #expect(rule.choice(type: "A", among: [1, 2], bytes: bytes) == 2)
    #expect(rule.choice(type: "B", among: [1, 2], bytes: bytes) == 1)
    // A type that was not seen is judged by all samples.
    #expect(rule.choice(type: "C", among: [1, 2], bytes: bytes) == 2)
    #expect(rule.choice(type: nil, among: [], bytes: bytes) == 0)
    let loose = ChoiceRule(
      Self.samples(), Self.configurations, goal: .bytes, tolerance: 0.8, predictsLengths: false)
    #expect(loose.choice(type: "A", among: [1, 2], bytes: bytes) == 1)
    // Where the cache would be smaller without compression, nothing is gained by it.
    #expect(rule.choice(type: "B", among: [1, 2], bytes: { [100.0, 250, 500][$0] }) == 0)
  }

  @Test("predicted types are judged apart from known ones, and wrong ones cost")
  func predicted() throws {
    var samples = Self.samples()
    for place in samples.indices { samples[place].predictedType = "B" }
    let study = try Self.study(samples)
    let (known, predicted) = (try Self.arm(study, .auto), try Self.arm(study, .predicted))
    #expect(predicted.chosen.allSatisfy { $0 == 1 } && predicted.score < known.score)
    for place in samples.indices { samples[place].type = nil }
    #expect(try !Self.study(samples).arms.contains { $0.kind == .auto })
  }

  @Test("a rule is read as it was written, and one whose parts do not fit is not sound")
  func stored() throws {
    let rule = try Self.study(Self.samples()).rule
    let text = String(decoding: try JSONEncoder().encode(rule), as: UTF8.self)
    func read(_ text: String) throws -> ChoiceRule { try JSONDecoder().decode(ChoiceRule.self, from: Data(text.utf8)) }
    #expect(try read(text) == rule && rule.isSound)
    #expect(try !read(text.replacing("\"fp16\",", with: "")).isSound)
    #expect(try !read(text.replacing("\"tolerance\":0.02", with: "\"tolerance\":7")).isSound)
  }

  @Test("too few samples, samples without types and a goal of bytes without bytes are refused")
  func refused() {
    func code(_ samples: [ChoiceSample], _ goal: ChoiceRule.Goal = .bytes) -> String? {
      do { _ = try Self.study(samples, goal) } catch { return (error as? RuntimeProblem)?.code }
      return nil
    }
    #expect(code(Self.samples(8)) == "K660")
    #expect(code(Self.samples(hasBytes: false)) == "K605")
    let untold = Self.samples().map { sample in
      var sample = sample
      sample.outcomes[1].tokens = nil
      return sample
    }
    #expect(code(untold) == "K605" && code(untold, .score) == nil)
    #expect(throws: RuntimeProblem.self) { try Self.study(Self.samples(), .score, ["small", "fp16"]) }
    #expect(
      code(
        Self.samples().map { sample in
          var sample = sample
          sample.type = nil
          return sample
        }) == "K665")
  }
}
