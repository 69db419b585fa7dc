import Testing

@testable import Runtime

/// The engine against the plain decoder, and files that are refused.
struct TinyModelTests {
  static let shapes = [
    TinyModel(layers: 3, kvHeads: 3, groupHeads: 1, headDim: 32, seed: 1),
    TinyModel(layers: 2, kvHeads: 2, groupHeads: 3, headDim: 64, hidden: 96, seed: 2),
    TinyModel(layers: 2, kvHeads: 1, groupHeads: 8, headDim: 32, vocabulary: 64, seed: 3),
    TinyModel(layers: 1, kvHeads: 2, groupHeads: 2, headDim: 16, hidden: 32, feedForward: 32, seed: 4),
  ]

  @Test("logits of a random model equal plain double precision to 2e-4, prompt and steps", arguments: shapes.indices)
  func logits(_ index: Int) throws {
    let tiny = Self.shapes[index]
    let text = tiny.text(60)
    let plain = PlainDecoder(tiny)
    var expected = [plain.prefill(Array(text[..<47]))]
    for token in text[47...] { expected.append(plain.step(token)) }
    let found = try EngineTrial(tiny.model()).logits(Array(text[..<47]), then: Array(text[47...]))
    for (step, logits) in found.enumerated() {
      #expect(largestDifference(logits, expected[step].map(Float.init)) < 2e-4, "step \(step)")
    }
  }

  @Test("half-precision caches and weights of signed bytes stay near plain double precision", arguments: [false, true])
  func mixed(_ isQuantised: Bool) throws {
    let tiny = TinyModel(groupHeads: 3, headDim: 64, hidden: 96, isQuantised: isQuantised, seed: 5)
    let text = tiny.text(40)
    let expected = PlainDecoder(tiny).prefill(text).map(Float.init)
    let found = try EngineTrial(tiny.model(.mixed)).logits(text, then: [])[0]
    let difference = largestDifference(found, expected)
    // Logits have a spread of 1.5; bytes for weights and activations cost about a hundredth of that per product.
    #expect(difference < (isQuantised ? 0.3 : 5e-3))
    #expect(difference > 0)
  }

  @Test("a model's sizes are those of its file")
  func sizes() throws {
    let tiny = TinyModel(layers: 3, kvHeads: 2, groupHeads: 3, headDim: 64, hidden: 96, vocabulary: 77)
    let model = try tiny.model(.mixed)
    #expect(model.name == "tiny")
    #expect(model.configuration.vocabulary == 77)
    #expect(model.configuration.queryHeads == 6)
    #expect(model.cacheShape == CacheShape(layers: 3, kvHeads: 2, groupHeads: 3, headDim: 64, element: .float16))
    #expect(try tiny.model(.f32).cacheShape.element == .float32)
    #expect(model.cacheShape.tokenBytes == 2 * 2 * 64 * 2)
  }

  static func problem(_ builder: GGUFBuilder) -> RuntimeProblem? {
    do {
      _ = try Model.load(
        GGUFFile(MappedFile(content: builder.bytes, name: "tiny.gguf")), pool: WorkerPool(threads: 1))
      return nil
    } catch { return error as? RuntimeProblem }
  }

  static let refused: [(key: String, value: GGUFBuilder.Value, code: String, seen: String)] = [
    ("general.architecture", .string("mamba"), "K242", "tiny.gguf: architecture 'mamba' is not supported yet"),
    ("llama.attention.head_count_kv", .uint32(3), "K242", "tiny.gguf: 4 query heads over 3 KV heads"),
    ("llama.attention.head_count_kv", .uint32(0), "K242", "tiny.gguf: KV heads 0"),
    ("llama.attention.head_count", .uint32(0), "K242", "tiny.gguf: query heads 0"),
    ("llama.block_count", .uint32(0), "K242", "tiny.gguf: layers 0"),
    ("llama.context_length", .uint32(0), "K242", "tiny.gguf: context length 0"),
    ("llama.rope.freq_base", .float32(.nan), "K242", "tiny.gguf: norm epsilon 1e-05, rotary base nan"),
    ("llama.rope.dimension_count", .uint32(64), "K242", "tiny.gguf: 64 of 32 channels of a head rotate"),
    ("llama.rope.dimension_count", .uint32(15), "K242", "tiny.gguf: 15 of 32 channels of a head rotate"),
    ("llama.rope.scaling.type", .string("yarn"), "K242", "tiny.gguf: rotary scaling of the type 'yarn'"),
    ("llama.expert_count", .uint32(8), "K242", "tiny.gguf: the feed-forward is a mixture of 8 experts"),
    ("llama.block_count", .uint32(3), "K209", ""),
    (
      "llama.block_count", .uint32(1), "K242",
      "tiny.gguf: tensor 'blk.1.attn_k.weight' belongs to a part that this architecture does not have here"
    ),
    ("llama.feed_forward_length", .uint32(128), "K241", "tiny.gguf: tensor 'blk.0.ffn_gate.weight' is 64 x 96"),
  ]

  @Test("a file whose sizes do not agree is one clear problem", arguments: refused.indices)
  func refusals(_ index: Int) throws {
    let (key, value, code, seen) = Self.refused[index]
    var builder = TinyModel().builder
    builder.entries.removeAll { $0.key == key }
    builder.entries.append((key, value))
    let problem = try #require(Self.problem(builder))
    #expect(problem.code == code)
    if !seen.isEmpty { #expect(problem.seen == seen) }
  }

  @Test("a file without output matrix uses the embedding")
  func tied() throws {
    var builder = TinyModel().builder
    builder.tensors.removeAll { $0.name == "output.weight" }
    let model = try Model.load(
      GGUFFile(MappedFile(content: builder.bytes, name: "tied.gguf")), precision: .f32, pool: WorkerPool(threads: 1))
    let tiny = TinyModel()
    let trial = try EngineTrial(model)
    let found = try trial.logits([5], then: [])[0]
    #expect(found.count == tiny.vocabulary)
    // 101 outputs lie in 7 panels of 16.
    #expect(try tiny.model(.f32).weightBytes == model.weightBytes + 112 * 64 * 4)
    #expect(largestDifference(found, try EngineTrial(tiny.model()).logits([5], then: [])[0]) > 0.01)
  }
}
