extension ModelFamily {
  /// Llama and its kin as GGUF files of architecture `llama`: RMSNorm, rotary pairs side by side, grouped-query attention,
  /// SwiGLU, tied or own output matrix.
  static let llama = ModelFamily(architecture: "llama") { file, precision, pool in
    func int(_ key: String) throws -> Int { try file.int("llama.\(key)") }
    let hidden = try int("embedding_length")
    let queryHeads = try int("attention.head_count")
    let embedding = try file.tensor("token_embd.weight")
    let configuration = ModelConfiguration(
      layers: try int("block_count"), hidden: hidden, feedForward: try int("feed_forward_length"),
      queryHeads: queryHeads, kvHeads: try file.optionalInt("llama.attention.head_count_kv") ?? queryHeads,
      headDim: try file.optionalInt("llama.attention.key_length") ?? hidden / max(1, queryHeads),
      vocabulary: embedding.shape.count == 2 ? embedding.shape[1] : 0, contextTokens: try int("context_length"),
      normEpsilon: try file.float("llama.attention.layer_norm_rms_epsilon"),
      rotaryBase: try file.optionalFloat("llama.rope.freq_base") ?? 10_000, rotaryPairs: .adjacent)
    try configuration.check(file: file.name)
    if let turning = try file.optionalInt("llama.rope.dimension_count"), turning != configuration.headDim {
      throw RuntimeProblem(
        "K242", seen: "\(file.name): only \(turning) of \(configuration.headDim) channels of a head rotate",
        expected: "rotary embedding over the whole head")
    }

    let reader = WeightReader(file: file, precision: precision, pool: pool)
    let queryWidth = queryHeads * configuration.headDim
    let kvWidth = configuration.kvHeads * configuration.headDim
    let feedForward = configuration.feedForward
    let embeddings = try reader.matrix("token_embd.weight", outputs: configuration.vocabulary, inputs: hidden)
    let layers = try (0..<configuration.layers).map { index in
      func name(_ part: String) -> String { "blk.\(index).\(part).weight" }
      return Model.Layer(
        attentionNorm: try reader.vector(name("attn_norm"), count: hidden),
        query: try reader.matrix(name("attn_q"), outputs: queryWidth, inputs: hidden),
        key: try reader.matrix(name("attn_k"), outputs: kvWidth, inputs: hidden),
        value: try reader.matrix(name("attn_v"), outputs: kvWidth, inputs: hidden),
        attentionOutput: try reader.matrix(name("attn_output"), outputs: hidden, inputs: queryWidth),
        feedForwardNorm: try reader.vector(name("ffn_norm"), count: hidden),
        gate: try reader.matrix(name("ffn_gate"), outputs: feedForward, inputs: hidden),
        up: try reader.matrix(name("ffn_up"), outputs: feedForward, inputs: hidden),
        down: try reader.matrix(name("ffn_down"), outputs: hidden, inputs: feedForward))
    }
    let isTied = file.tensors["output.weight"] == nil
    let factors = file.tensors["rope_freqs.weight"] == nil ? nil : try file.dequantise("rope_freqs.weight")
    return Model(
      name: file.modelName, configuration: configuration, precision: precision, embedding: embeddings, layers: layers,
      outputNorm: try reader.vector("output_norm.weight", count: hidden),
      output: isTied
        ? embeddings : try reader.matrix("output.weight", outputs: configuration.vocabulary, inputs: hidden),
      rotary: RotaryTable(configuration, factors: factors))
  }
}

extension GGUFFile {
  /// The file's name without `.gguf`.
  var modelName: String { name.hasSuffix(".gguf") ? String(name.dropLast(5)) : name }
}
