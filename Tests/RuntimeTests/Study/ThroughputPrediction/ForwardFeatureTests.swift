import Testing

@testable import Runtime

/// How a batch becomes what regressors see.
@Suite("Throughput predictor: features") struct ForwardFeatureTests {
  @Test("new tokens are rounded up to eights, at most 4,096", arguments: [(1, 8), (8, 8), (9, 16), (4_097, 4_096)])
  func tokens(given: Int, rounded: Int) {
    #expect(ForwardFeatures(.prefill(batch: 1, tokens: given)).tokens == rounded)
  }

  @Test("cached tokens are the floor of their mean, rounded up to 64", arguments: [(257, 320), (256, 256), (1, 64)])
  func cached(given: Int, rounded: Int) {
    #expect(ForwardFeatures(.decode(batch: 3, cached: given)).decode?.cached == rounded)
  }

  @Test("a mean between two multiples is floored first")
  func mean() {
    var batch = ForwardBatch()
    batch.decodes = [256, 257]
    #expect(ForwardFeatures(batch).decode?.cached == 256)
  }

  @Test("prompts together are the root of their squares: two of 2,048 are one of 2,896")
  func prompts() {
    #expect(ForwardFeatures(.prefill(batch: 2, tokens: 2_048)).prefill?.chunk == 2_896)
    var batch = ForwardBatch()
    batch.prefills = [(100, 10), (200, 70)]
    #expect(ForwardFeatures(batch).prefill?.cached == 64 + 128)
    #expect(ForwardFeatures(batch).prefill?.chunk == 224)
  }
}
