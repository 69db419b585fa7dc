import Testing

@testable import Runtime

@Suite("Budgets") struct BudgetTests {
  static let shape = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)

  @Test(
    "a share of a prompt is what arithmetic on paper gives",
    arguments: [(29, 29), (57, 57), (30, 30), (1, 1), (100, 100)])
  func share(_ percent: Int, _ tokens: Int) {
    #expect(Budget.share(Double(percent) / 100).tokens(prompt: 100, shape: Self.shape) == tokens)
    #expect("\(Budget.share(Double(percent) / 100))" == "\(percent)%")
  }

  @Test("a ratio removed and the share kept are one configuration")
  func ratio() throws {
    let removed = try Compressor("h2o", ["ratio": .float(0.7)])
    let kept = try Compressor("h2o", ["budget": .budget(.share(0.3))])
    #expect(removed.label == "h2o budget=30%")
    #expect(removed.specification == kept.specification)
  }

  @Test("bytes become tokens over all layers, the method's own bytes included")
  func bytes() {
    #expect(Budget.bytes(30 * 768 * 512).tokens(prompt: 4096, shape: Self.shape) == 512)
    #expect(Budget.bytes(30 * 776 * 512).tokens(prompt: 4096, shape: Self.shape, metadataBytes: 8) == 512)
    #expect(Budget.bytes(1).tokens(prompt: 4096, shape: Self.shape) == 1)
  }

  @Test("a budget beside a preset replaces the preset's parts of it")
  func preset() throws {
    #expect(try Compressor("h2o/rethinking", ["budget": .budget(.tokens(256))]).label == "h2o budget=256")
    let streaming = try Compressor("streamingllm/rethinking", ["budget": .budget(.tokens(256))])
    #expect(streaming.label == "streamingllm sink=64 budget=256")
    #expect(throws: RuntimeProblem.self) {
      try Compressor(
        "h2o", ["budget": .budget(.tokens(9)), "heavy": .budget(.tokens(1)), "recent": .budget(.tokens(8))])
    }
  }
}
