import Testing

@testable import Runtime

@Suite("Negative samples")
struct NegativeTests {
  /// A sheet of one task: baseline scores and one list a configuration.
  static func sheet(_ baseline: [Double], _ configurations: [[Double]]) throws -> ScoreSheet {
    var rows: [ScoreSheet.Row] = []
    for (name, scores) in [("base", baseline)] + configurations.enumerated().map({ ("c\($0.offset)", $0.element) }) {
      for (place, score) in scores.enumerated() {
        rows.append(.init(configuration: name, task: "t", sample: "\(place)", score: score))
      }
    }
    return try ScoreSheet(rows, baseline: "base")
  }

  @Test("a score at the bound is negative for figure 6's script and not for the paper")
  func bound() throws {
    let one = try Self.sheet([1.0], [[0.9]])
    #expect(try NegativeAnalysis(one, rule: .paper).negatives(of: [0], theta: 0.1).isEmpty)
    #expect(try NegativeAnalysis(one, rule: .figure6).negatives(of: [0], theta: 0.1) == [0])
    let zero = try Self.sheet([0], [[0]])
    #expect(try NegativeAnalysis(zero, rule: .paper).negatives(of: [0], theta: 0.1).isEmpty)
    #expect(try NegativeAnalysis(zero, rule: .figure6).negatives(of: [0], theta: 0.1) == [0])
  }

  @Test("benign is at least the mean of the task, or its median")
  func benign() throws {
    let sheet = try Self.sheet([1.0, 0.5, 0.0], [[0.4, 0.25, 0]])
    let paper = try NegativeAnalysis(sheet, rule: .paper)
    #expect(paper.isBenign == [true, true, false])
    #expect(try paper.negatives(of: [0], theta: 0.5) == [0])
    #expect(try NegativeAnalysis(sheet, rule: .figure6).negatives(of: [0], theta: 0.5) == [0, 1])
    #expect(try NegativeAnalysis(sheet, rule: .init(benign: .all)).isBenign == [true, true, true])
    #expect(try NegativeAnalysis(sheet, rule: .init(benign: .floor(0.6))).isBenign == [true, false, false])
  }

  @Test("another configuration and a higher threshold never add a negative; the baseline itself has none")
  func monotonic() throws {
    var generator = SplitMix(state: 7)
    let scores = (0..<4).map { _ in (0..<200).map { _ in Double(generator.next() % 11) / 10 } }
    let sheet = try Self.sheet(scores[0], [scores[1], scores[2], scores[3], scores[0]])
    let analysis = try NegativeAnalysis(sheet)
    for theta in [0.1, 0.3, 0.5, 0.7] {
      let one = Set(try analysis.negatives(of: [0], theta: theta))
      let two = Set(try analysis.negatives(of: [0, 1], theta: theta))
      #expect(!one.isEmpty && two.isSubset(of: one))
      #expect(Set(try analysis.negatives(of: [0, 1, 2], theta: theta)).isSubset(of: two))
      #expect(Set(try analysis.negatives(of: [0], theta: theta + 0.1)).isSubset(of: one))
      #expect(try analysis.negatives(of: [3], theta: theta).isEmpty)
      #expect(try analysis.negatives(of: [0, 3], theta: theta).isEmpty)
    }
  }

  @Test("samples are joined by task and name, and one without a score is not judged")
  func joining() throws {
    let rows: [ScoreSheet.Row] = [
      .init(configuration: "base", task: "a", sample: "0", score: 1),
      .init(configuration: "base", task: "b", sample: "0", score: 1),
      .init(configuration: "x", task: "b", sample: "0", score: 0),
      .init(configuration: "y", task: "b", sample: "0", score: 1),
      .init(configuration: "y", task: "a", sample: "0", score: 0),
      .init(configuration: "y", task: "c", sample: "0", score: 0),
    ]
    let analysis = try NegativeAnalysis(try ScoreSheet(rows, baseline: "base"))
    #expect(analysis.sheet.configurations == ["x", "y"])
    #expect(try analysis.negatives(of: [0], theta: 0.1) == [1])
    #expect(try analysis.negatives(of: [1], theta: 0.1) == [0])
    #expect(try analysis.negatives(of: [0, 1], theta: 0.1).isEmpty)
    #expect(analysis.benign(of: [0]) == [1])
    #expect(analysis.macroMean([0, 1], column: 1) == 0.5)
    #expect(analysis.macroMean([0, 1], column: nil) == 1)
    #expect(analysis.macroMean([], column: nil) == nil)
  }

  @Test("no baseline, nothing but the baseline, a sample twice, NaN and mad thresholds are errors")
  func hostile() throws {
    let row = ScoreSheet.Row(configuration: "x", task: "t", sample: "0", score: 1)
    var base = row
    base.configuration = "base"
    var bad = row
    bad.score = .nan
    #expect(metricProblemCode { try ScoreSheet([row], baseline: "base") } == "K624")
    #expect(metricProblemCode { try ScoreSheet([base], baseline: "base") } == "K624")
    #expect(metricProblemCode { try ScoreSheet([], baseline: "base") } == "K624")
    #expect(metricProblemCode { try ScoreSheet([base, base, row], baseline: "base") } == "K623")
    #expect(metricProblemCode { try ScoreSheet([base, row, row], baseline: "base") } == "K623")
    #expect(metricProblemCode { try ScoreSheet([base, bad], baseline: "base") } == "K621")
    let analysis = try NegativeAnalysis(try ScoreSheet([base, row], baseline: "base"))
    for theta in [0, 1, -1, .nan, .infinity] {
      #expect(metricProblemCode { try analysis.negatives(of: [0], theta: theta) } == "K622")
    }
    #expect(metricProblemCode { try analysis.negatives(of: [], theta: 0.1) } == "K620")
  }

  private struct SplitMix: RandomNumberGenerator {
    var state: UInt64
    mutating func next() -> UInt64 {
      state &+= 0x9e37_79b9_7f4a_7c15
      var z = state
      z = (z ^ (z >> 30)) &* 0xbf58_476d_1ce4_e5b9
      z = (z ^ (z >> 27)) &* 0x94d0_49bb_1331_11eb
      return z ^ (z >> 31)
    }
  }
}
