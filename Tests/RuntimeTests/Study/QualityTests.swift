import Foundation
import Testing

@testable import Runtime

/// Divergence, agreement and parting of greedy text, on a tiny model.
struct QualityTests {
  private func engine(threads: Int = 1) throws -> (engine: BatchEngine, text: [Int32]) {
    let tiny = TinyModel()
    return (try EngineTrial(try tiny.model(), threads: threads).engine(), tiny.text(200))
  }

  private func runs(
    _ engine: BatchEngine, _ text: [Int32], _ compressors: [Compressor], _ plan: QualityPlan
  ) throws -> [QualityRun] {
    try engine.quality(of: text, compressors, plan).map { try $0.get() }
  }

  @Test("a configuration that changes nothing has a divergence of exactly 0, agreement 1, and never parts")
  func identical() throws {
    let (engine, text) = try engine()
    let plan = QualityPlan(depth: 24, steps: 8, follow: 8, windows: 4)
    for run in try runs(engine, text, [.none, .of("h2o", ["budget": 512])], plan) {
      #expect(run.windows.count == 4)
      let divergence = try run.divergence()
      #expect(divergence.value == 0 && divergence.low == 0 && divergence.high == 0)
      #expect(try run.agreement().value == 1 && run.agreement().low == 1)
      #expect(try run.perplexityRatio().value == 1)
      #expect(try run.partsAt().value == 8 && run.sameTextShare().value == 1)
      #expect(run.held.allSatisfy { $0.keptShare == 1 })
    }
  }

  @Test("a configuration that drops most tokens diverges, and what it holds is counted")
  func dropping() throws {
    let (engine, text) = try engine()
    let plan = QualityPlan(depth: 32, steps: 8, follow: 8, windows: 3)
    let run = try runs(engine, text, [.of("streamingllm", ["budget": 6])], plan)[0]
    #expect(try run.divergence().value > 0 && run.agreement().value < 1)
    #expect(try run.perplexity() > 1)
    #expect(run.windows.contains { $0.partsAt != nil })
    for held in run.held { #expect(abs(held.keptShare - 6.0 / 39) < 1e-12) }
  }

  @Test("numbers depend neither on the other configurations nor on threads")
  func independence() throws {
    let plan = QualityPlan(depth: 24, steps: 6, follow: 6, windows: 5)
    let kivi = try Compressor.of("h2o", ["budget": 8])
    let (one, text) = try engine()
    let (two, _) = try engine(threads: 2)
    let alone = try runs(one, text, [kivi], plan)[0]
    let beside = try runs(two, text, [.of("streamingllm", ["budget": 6]), kivi], plan)[1]
    #expect(alone.windows == beside.windows && alone.held == beside.held)
  }

  @Test("greedy text parts where the two generations do")
  func parting() throws {
    let (engine, text) = try engine()
    let compressor = try Compressor.of("streamingllm", ["budget": 6])
    let plan = QualityPlan(depth: 30, steps: 1, follow: 12, windows: 4)
    let run = try runs(engine, text, [compressor], plan)[0]
    for (start, window) in zip(plan.starts(count: text.count), run.windows) {
      let request = GenerationRequest(
        sample: "a", prompt: Array(text[start..<start + 30]), maxTokens: 12, ignoresEnd: true)
      var texts: [[Int32]] = []
      for each in [Compressor.none, compressor] {
        try engine.run([request], compressor: each) { texts.append($0.tokens) }
      }
      let parts = zip(texts[0], texts[1]).enumerated().first { $0.element.0 != $0.element.1 }?.offset
      #expect(window.partsAt == parts)
    }
  }

  @Test("the divergence is that of the definition, worked by hand")
  func divergence() {
    // p = (1/2, 1/4, 1/4), q = (1/4, 1/2, 1/4): KL = 1/2 ln 2 - 1/4 ln 2.
    let p: [Float] = [Float(log(0.5)), Float(log(0.25)), Float(log(0.25))]
    let q: [Float] = [Float(log(0.25)), Float(log(0.5)), Float(log(0.25))]
    let row = Divergence.row(p, q, vocabulary: 3, next: 1)
    #expect(abs(row.divergence - 0.25 * log(2)) < 1e-7)
    #expect(!row.isSameToken)
    #expect(abs(row.baselineLoss - log(4)) < 1e-6 && abs(row.loss - log(2)) < 1e-6)
    // Adding a constant to all logits changes nothing but the last bits.
    #expect(Divergence.row(p, p.map { $0 + 3 }, vocabulary: 3, next: 0).divergence < 1e-6)
    #expect(Divergence.row(p, p, vocabulary: 3, next: 0).divergence == 0)
  }

  @Test(
    "windows are within the text and never overlap",
    arguments: [(100, 20, 5, 4), (25, 20, 5, 4), (1_000, 60, 4, 8), (128, 60, 4, 8)])
  func windows(_ row: (count: Int, depth: Int, steps: Int, windows: Int)) {
    let plan = QualityPlan(depth: row.depth, steps: row.steps, windows: row.windows)
    let starts = plan.starts(count: row.count)
    #expect(starts.count == min(row.windows, row.count / (row.depth + row.steps)))
    #expect(starts.first == 0 && (starts.last ?? 0) + row.depth + row.steps <= row.count)
    for (first, second) in zip(starts, starts.dropFirst()) { #expect(second - first >= row.depth + row.steps) }
  }

  @Test("a method that cannot work has its problem; the others have their numbers")
  func isolation() throws {
    let (engine, text) = try engine()
    // A group that does not divide the head dimension of the tiny model.
    let results = try engine.quality(
      of: text, [.of("kivi", ["group": 128]), .none], QualityPlan(depth: 16, steps: 2, follow: 0, windows: 1))
    #expect { try results[0].get() } throws: { ($0 as? RuntimeProblem)?.code == "K305" }
    #expect(try results[1].get().windows.count == 1)
  }

  @Test(
    "what cannot be measured is one problem",
    arguments: [
      QualityPlan(depth: 0), QualityPlan(depth: 190, steps: 64), QualityPlan(depth: 8, steps: 0),
      QualityPlan(depth: 8, steps: 1, follow: -1), QualityPlan(depth: 8, steps: 1, windows: 0),
      QualityPlan(depth: 1 << 30, steps: 1),
    ])
  func problems(_ plan: QualityPlan) throws {
    let (engine, text) = try engine()
    #expect { try engine.quality(of: text, [.none], plan) } throws: { ($0 as? RuntimeProblem)?.code == "K608" }
  }
}
