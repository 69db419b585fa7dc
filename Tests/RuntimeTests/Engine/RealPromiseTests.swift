import Testing

@testable import Runtime

extension RealModelTests {
  /// The promises of `PromiseTests` on the real model, with the kernels and sizes that users meet.
  struct RealPromiseTests {
    static let configurations: [(name: String, integers: [String: Int])] = [
      ("", [:]), ("kivi", ["bits": 2, "residual": 32]), ("gear", ["interval": 8]),
      ("streamingllm", ["sink": 4, "recent": 16]), ("h2o", ["heavy": 4, "recent": 16]),
      ("mikv", [:]), ("quest", ["budget": 24, "page": 8]),
    ]

    /// Pieces of the golden prompts: 12 to 60 tokens, 16 to 24 new ones.
    static func requests() throws -> [GenerationRequest] {
      let rows = try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl"))
      let text = rows.flatMap(\.ids)
      return (0..<33).map { index in
        let length = 12 + index * 13 % 49
        return GenerationRequest(
          sample: "s\(index)", prompt: Array(text[index * 4..<index * 4 + length]), maxTokens: 16 + index % 9,
          ignoresEnd: true)
      }
    }

    @Test(
      "text at temperature 1 is the same for batches of 1, 7 and 32 and for 1 and 2 threads",
      arguments: configurations.indices)
    func batches(_ index: Int) throws {
      let (name, integers) = Self.configurations[index]
      let compressor = name.isEmpty ? Compressor.none : try .of(name, integers)
      let sampling = Sampling(temperature: 1, seed: 4)
      let requests = try Self.requests()
      let model = try SharedModel.get(.mixed)
      let two = try EngineTrial(model, threads: 2)
      let many = PromiseTests.rows(try two.generate(requests, compressor, sampling: sampling, batch: 32))
      #expect(many.values.allSatisfy { $0.finish == .length })
      #expect(
        PromiseTests.rows(
          try EngineTrial(model, threads: 1).generate(requests, compressor, sampling: sampling, batch: 7)) == many)
      // One at a time is the slowest, so a third of them has to do.
      let some = stride(from: 0, to: 33, by: 3).map { requests[$0] }
      let alone = PromiseTests.rows(try two.generate(some, compressor, sampling: sampling))
      for request in some { #expect(alone[request.sample] == many[request.sample], "\(request.sample)") }
    }

    @Test("a prompt at once and token by token agree to 5e-3 in single precision")
    func stepwise() throws {
      let row = try #require(try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl")).first)
      let trial = try EngineTrial(SharedModel.get(.f32))
      let whole = try trial.logits(row.ids, then: [])[0]
      let stepwise = try trial.logits([row.ids[0]], then: Array(row.ids[1...]))
      #expect(largestDifference(whole, try #require(stepwise.last)) < 5e-3)
    }

    @Test("8,000 tokens go through in the default precision with 512 kept")
    func long() throws {
      let rows = try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl"))
      let text = rows.flatMap(\.ids)
      let prompt = (0..<8_000).map { text[$0 % text.count] }
      let model = try SharedModel.get(.mixed)
      let found = try EngineTrial(model).generate(
        [GenerationRequest(sample: "long", prompt: prompt, maxTokens: 4, ignoresEnd: true)],
        .of("streamingllm", ["budget": 512]))
      let generation = try #require(found["long"])
      #expect(generation.tokens.count == 4)
      let layers = model.configuration.layers
      #expect(generation.cacheBytes.counted == layers * 512 * (768 + 4))
      // While a layer's prompt is attended it holds all of it; the layers before it hold 512.
      #expect(generation.peakCacheBytes == layers * 512 * 772 + (8_000 - 512) * 772)
    }
  }
}
