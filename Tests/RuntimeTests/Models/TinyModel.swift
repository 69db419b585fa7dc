import Foundation

@testable import Runtime

/// A small Llama of random weights: a GGUF file in memory, and the same weights as plain numbers.
struct TinyModel {
  var layers = 2
  var kvHeads = 2
  var groupHeads = 2
  var headDim = 32
  var hidden = 64
  var feedForward = 96
  var vocabulary = 101
  var contextTokens = 512
  /// Matrices as Q8_0 blocks instead of floats, for the products of signed bytes.
  var isQuantised = false
  var seed = 1
  /// Overwrites numbers of tensors after they are drawn: name, index, value.
  var faults: [(tensor: String, index: Int, value: Float)] = []

  var queryHeads: Int { kvHeads * groupHeads }

  /// Names, shapes (inputs first) and the scale of the numbers.
  private var tensors: [(name: String, shape: [Int], scale: Float)] {
    let query = queryHeads * headDim
    let key = kvHeads * headDim
    func root(_ inputs: Int) -> Float { 1 / Float(inputs).squareRoot() }
    var all: [(name: String, shape: [Int], scale: Float)] = [("token_embd.weight", [hidden, vocabulary], 1)]
    for layer in 0..<layers {
      func name(_ part: String) -> String { "blk.\(layer).\(part).weight" }
      all += [
        (name("attn_norm"), [hidden], 1),
        // Scores of a few units, so that attention is neither flat nor a single token's.
        (name("attn_q"), [hidden, query], 1.6 * root(hidden)), (name("attn_k"), [hidden, key], 1.6 * root(hidden)),
        (name("attn_v"), [hidden, key], root(hidden)), (name("attn_output"), [query, hidden], root(query)),
        (name("ffn_norm"), [hidden], 1), (name("ffn_gate"), [hidden, feedForward], root(hidden)),
        (name("ffn_up"), [hidden, feedForward], root(hidden)),
        (name("ffn_down"), [feedForward, hidden], root(feedForward)),
      ]
    }
    all += [("output_norm.weight", [hidden], 1), ("output.weight", [hidden, vocabulary], 1.5 * root(hidden))]
    return all
  }

  /// Every tensor's numbers, outputs first: [outputs, inputs].
  func weights() -> [String: [Float]] {
    var numbers = SeededNumbers(seed)
    var all: [String: [Float]] = [:]
    for (name, shape, scale) in tensors {
      let count = shape.reduce(1, *)
      var drawn =
        shape.count == 1
        ? (0..<count).map { _ in 1 + 0.1 * numbers.normal() } : (0..<count).map { _ in numbers.normal() * scale }
      for fault in faults where fault.tensor == name { drawn[fault.index] = fault.value }
      all[name] = drawn
    }
    return all
  }

  var builder: GGUFBuilder {
    let drawn = weights()
    var builder = GGUFBuilder()
    func integer(_ value: Int) -> GGUFBuilder.Value { .uint32(UInt32(value)) }
    builder.entries = [
      ("general.architecture", .string("llama")),
      ("llama.block_count", integer(layers)), ("llama.embedding_length", integer(hidden)),
      ("llama.feed_forward_length", integer(feedForward)), ("llama.attention.head_count", integer(queryHeads)),
      ("llama.attention.head_count_kv", integer(kvHeads)), ("llama.attention.key_length", integer(headDim)),
      ("llama.context_length", integer(contextTokens)),
      ("llama.attention.layer_norm_rms_epsilon", .float32(1e-5)), ("llama.rope.freq_base", .float32(10_000)),
    ]
    builder.tensors = tensors.map { name, shape, _ in
      let numbers = drawn[name] ?? []
      let isBlocks = isQuantised && shape.count == 2
      return GGUFBuilder.Tensor(
        name: name, shape: shape.map(UInt64.init), type: isBlocks ? 8 : 0,
        bytes: isBlocks ? Self.blocks(numbers) : numbers.flatMap { GGUFBuilder.little($0.bitPattern) })
    }
    return builder
  }

  /// Q8_0: a half-precision scale and 32 signed bytes.
  private static func blocks(_ numbers: [Float]) -> [UInt8] {
    stride(from: 0, to: numbers.count, by: 32).flatMap { start in
      let block = numbers[start..<min(start + 32, numbers.count)]
      let scale = Half.round((block.map(abs).max() ?? 0) / 127)
      return GGUFBuilder.little(Half.bits(scale))
        + block.map { UInt8(bitPattern: Int8(clamping: Int(($0 / max(scale, 1e-12)).rounded()))) }
    }
  }

  func file() throws -> GGUFFile { try GGUFFile(MappedFile(content: builder.bytes, name: "tiny.gguf")) }

  func model(_ precision: Model.Precision = .f32) throws -> Model {
    try Model.load(file(), precision: precision, pool: WorkerPool(threads: 1))
  }

  /// A text of random tokens.
  func text(_ tokens: Int, seed: Int = 7) -> [Int32] {
    var numbers = SeededNumbers(seed)
    return (0..<tokens).map { _ in Int32(numbers.int(0...vocabulary - 1)) }
  }
}
