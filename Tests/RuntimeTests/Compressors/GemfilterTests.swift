import Foundation
import Testing

@testable import Runtime

/// The checks of GemFilter's sheet, small numbers worked by hand.
struct GemfilterTests {
  static let shape = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)

  static func filter(
    budget: Int, layer: Int? = nil, kernel: Int = 5, pinsFirst: Bool = false, recent: Int = 0
  ) -> EarlyLayerFilter {
    EarlyLayerFilter(budget: .tokens(budget), layer: layer, kernel: kernel, pinsFirst: pinsFirst, recent: recent)
  }

  @Test("scores are averaged with zeros outside the prompt, and the ends are pulled down")
  func pooling() {
    let pooled = Self.filter(budget: 2, kernel: 3).pooled([1, 5, 2, 0, 3])
    #expect(pooled.map { ($0 * 1_000).rounded() / 1_000 } == [2, 2.667, 2.333, 1.667, 1])
    #expect(Self.filter(budget: 2, kernel: 5).pooled([5, 5]) == [2, 2])
    #expect(Self.filter(budget: 2, kernel: 1).pooled([1, 5]) == [1, 5])
  }

  @Test(
    "the highest averages stay, in the order of the prompt; ties keep the earlier token",
    arguments: [
      ([1, 5, 2, 0, 3], 2, 3, [1, 2]), ([1, 5, 2, 0, 3], 2, 1, [1, 4]), ([2, 2, 2, 2], 3, 1, [0, 1, 2]),
      ([-1, -2, -3], 1, 1, [0]), ([1, 2], 9, 1, [0, 1]),
    ] as [(scores: [Float], budget: Int, kernel: Int, kept: [Int])])
  func selection(_ row: (scores: [Float], budget: Int, kernel: Int, kept: [Int])) {
    #expect(Self.filter(budget: row.budget, kernel: row.kernel).kept(row.scores, shape: Self.shape) == row.kept)
  }

  @Test("the first and the last tokens stay within the budget if they are asked for")
  func pins() {
    let scores: [Float] = [0, 9, 8, 7, 0, 0]
    #expect(
      Self.filter(budget: 4, kernel: 1, pinsFirst: true, recent: 2).kept(scores, shape: Self.shape) == [0, 1, 4, 5])
    #expect(
      Self.filter(budget: 1, kernel: 1, pinsFirst: true, recent: 2).kept(scores, shape: Self.shape) == [0, 4, 5])
    #expect(
      Self.filter(budget: 3, kernel: 1, pinsFirst: true, recent: 6).kept(scores, shape: Self.shape)
        == [0, 1, 2, 3, 4, 5])
  }

  @Test("the filter layer is the paper's share of the depth, 12 of 30 and 13 of 32")
  func layer() {
    func layer(_ layers: Int) -> Int {
      Self.filter(budget: 1).filterLayer(CacheShape(layers: layers, kvHeads: 1, groupHeads: 1, headDim: 64))
    }
    #expect(layer(30) == 12 && layer(32) == 13 && layer(1) == 0)
  }

  @Test("a layer that the model lacks is refused before anything runs")
  func check() throws {
    let tiny = TinyModel()
    let problem = RuntimeProblem(
      "K305", seen: "gemfilter: layer=2 in a model of 2 layers", expected: "layer from 0 to 1")
    #expect(throws: problem) {
      _ = try EngineTrial(tiny.model()).generate(
        [GenerationRequest(sample: "a", prompt: [1], maxTokens: 1)], .of("gemfilter", ["layer": 2]))
    }
  }

  @Test("wrong combinations are refused")
  func combinations() {
    for (given, seen, expected) in [
      (["kernel": 4], "gemfilter: kernel=4", "an odd kernel"),
      (["budget": 8, "recent": 9], "gemfilter: recent=9 with budget=8", "recent within the budget"),
    ] as [([String: Int], String, String)] {
      #expect(throws: RuntimeProblem("K304", seen: seen, expected: expected)) { try Compressor.of("gemfilter", given) }
    }
  }

  static let tiny = TinyModel(layers: 3, kvHeads: 2, groupHeads: 3, seed: 33)
  static let model = Result { try tiny.model(.f32) }

  /// Scores by the sheet's formula in double precision from queries and keys that a pass of the layers before gives.
  @Test("scores are the last query's products with all keys of that layer, over all query heads", arguments: 0...2)
  func scores(_ layer: Int) throws {
    let trial = try EngineTrial(Self.model.get())
    let text = Self.tiny.text(70)
    let plain = PlainDecoder(Self.tiny).projections(text, layer: layer)
    var expected = [Double](repeating: 0, count: 70)
    for head in 0..<6 {
      let query = plain.queries[69][head * 32..<(head + 1) * 32]
      for token in 0..<70 {
        let key = plain.keys[token][head / 3 * 32..<(head / 3 + 1) * 32]
        expected[token] += zip(query, key).reduce(0) { $0 + $1.0 * $1.1 }
      }
    }
    let found = try PromptModel(trial.pass(), chunkTokens: 16, nil)
      .project(text, layer: layer, EarlyLayerFilter.rawScores)
    for (found, expected) in zip(found, expected) { #expect(abs(Double(found) - expected) < 1e-3) }
  }

  @Test("what is generated is what the kept ids give as a prompt of their own, bytes too")
  func replay() throws {
    let trial = try EngineTrial(Self.model.get())
    let compressor = try Compressor.of("gemfilter", ["budget": 21, "layer": 1])
    let prompt = Self.tiny.text(90)
    let ids = try PromptModel(trial.pass(), chunkTokens: 64, nil).rewrite(
      Prompt(ids: prompt), for: trial.pass().makeCache(compressor))
    #expect(ids.count == 21 && isSubsequence(ids, of: prompt))
    let found = try #require(
      try trial.generate([GenerationRequest(sample: "a", prompt: prompt, maxTokens: 12)], compressor)["a"])
    let replayed = try #require(try trial.generate([GenerationRequest(sample: "a", prompt: ids, maxTokens: 12)])["a"])
    #expect(found.tokens == replayed.tokens)
    #expect(found.cacheBytes == replayed.cacheBytes)
    #expect(found.promptTokens == 90 && found.keptTokens == 21 && replayed.keptTokens == 21)
    // 4 * Hkv * d a token and layer in half precision, twice that in single: 21 of the prompt and 11 new ones.
    #expect(found.cacheBytes.counted == 3 * 32 * 2 * 2 * 32 * 4)
    // While the prompt is filtered one layer holds all of it, and that is less than three layers of what is left.
    #expect(found.peakCacheBytes == 3 * 32 * 2 * 2 * 32 * 4)
    let long = try #require(
      try trial.generate([GenerationRequest(sample: "a", prompt: Self.tiny.text(192), maxTokens: 2)], compressor)["a"])
    #expect(long.peakCacheBytes == 192 * 2 * 2 * 32 * 4)
  }

  @Test("keys of the filter layer that are not numbers are the problem that attention there would be")
  func notFinite() throws {
    #expect(
      try NotFiniteTests.problem(NotFiniteTests.faulty(.nan), .mixed, .of("gemfilter", ["budget": 20, "layer": 1]))
        == NotFiniteTests.expected(layer: 1, head: 1))
    #expect(
      try NotFiniteTests.problem(
        NotFiniteTests.faulty(.nan, tensor: "blk.1.attn_q.weight"), .f32, .of("gemfilter", ["budget": 20, "layer": 1]))
        == EngineProblems.notFinite(layer: 1, head: 0, isStored: false))
  }
}

/// Whether `part` can be had from `whole` by leaving tokens out.
func isSubsequence(_ part: [Int32], of whole: [Int32]) -> Bool {
  var rest = whole[...]
  for token in part {
    guard let place = rest.firstIndex(of: token) else { return false }
    rest = rest[(place + 1)...]
  }
  return true
}
