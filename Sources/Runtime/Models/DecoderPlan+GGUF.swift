extension DecoderPlan {
  /// The plan of a GGUF file by the keys that all decoders share (ggml's docs/gguf.md, "LLM").
  ///
  /// - Throws: `RuntimeProblem` K207, K208 (keys), K209 (no embedding), K242 (what kvsh cannot run).
  init(_ file: GGUFFile, architecture: String, pairs: ModelConfiguration.RotaryPairs) throws {
    func int(_ key: String) throws -> Int { try file.int("\(architecture).\(key)") }
    func optionalInt(_ key: String) throws -> Int? { try file.optionalInt("\(architecture).\(key)") }
    let hidden = try int("embedding_length")
    let queryHeads = try int("attention.head_count")
    let layers = try int("block_count")
    let embedding = try file.tensor("token_embd.weight")
    configuration = ModelConfiguration(
      layers: layers, hidden: hidden, feedForward: try int("feed_forward_length"), queryHeads: queryHeads,
      kvHeads: try optionalInt("attention.head_count_kv") ?? queryHeads,
      headDim: try optionalInt("attention.key_length") ?? hidden / max(1, queryHeads),
      vocabulary: embedding.shape.count == 2 ? embedding.shape[1] : 0, contextTokens: try int("context_length"),
      normEpsilon: try file.float("\(architecture).attention.layer_norm_rms_epsilon"),
      rotaryBase: try file.optionalFloat("\(architecture).rope.freq_base") ?? 10_000, rotaryPairs: pairs,
      rotaryChannels: try optionalInt("rope.dimension_count"))
    names = .gguf
    isTied = file.tensors["output.weight"] == nil
    // A window of 0 is written for none.
    if let window = try optionalInt("attention.sliding_window"), window > 0 {
      configuration.windows = [Int?](repeating: window, count: min(max(0, layers), 4_096))
    }
    try configuration.check(file: file.name)
    try refuse(file, architecture)
    try readScaling(file, architecture)
    biases = Set(
      TensorNames.Part.allCases.filter { file.tensors[names.name($0, layer: 0) + ".bias"] != nil })
  }

  /// Refuses settings that change what the layers compute.
  private func refuse(_ file: GGUFFile, _ architecture: String) throws {
    func refusal(_ seen: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem("K242", seen: "\(file.name): \(seen)", expected: expected)
    }
    if let experts = try file.optionalInt("\(architecture).expert_count"), experts > 0 {
      throw refusal("the feed-forward is a mixture of \(experts) experts", "a dense model")
    }
    if let scale = try file.optionalFloat("\(architecture).attention.scale"), scale != 0 {
      throw refusal("attention is scaled by \(scale)", "1 / sqrt(head dimension)")
    }
    if file.metadata["\(architecture).attention.sliding_window_pattern"] != nil {
      throw refusal("only some layers have a sliding window", "one window for all layers")
    }
    let length = try file.optionalInt("\(architecture).attention.value_length") ?? configuration.headDim
    guard length == configuration.headDim else {
      throw refusal("values of \(length) channels, keys of \(configuration.headDim)", "as many of one as of the other")
    }
  }

  /// How rotary angles are stretched to a longer context.
  private mutating func readScaling(_ file: GGUFFile, _ architecture: String) throws {
    let key = "\(architecture).rope.scaling"
    // Long contexts of Llama 3: divisors are in the file.
    if file.tensors["rope_freqs.weight"] != nil { rotaryFactors = try file.dequantise("rope_freqs.weight") }
    switch try file.optionalString("\(key).type") ?? "none" {
    case "none": break
    case "linear":
      let factor = try file.optionalFloat("\(key).factor") ?? 1
      rotaryFactors = [Float](repeating: factor, count: configuration.rotaryDim / 2)
    case "longrope": break
    case let type:
      throw RuntimeProblem(
        "K242", seen: "\(file.name): rotary scaling of the type '\(type)'", expected: "none, linear or longrope")
    }
    if file.tensors["rope_factors_short.weight"] != nil {
      rotaryFactors = try file.dequantise("rope_factors_short.weight")
      rotaryScale = try file.optionalFloat("\(key).attn_factor") ?? 1
      // The long factors are of contexts beyond this, which are not run.
      let original = try file.optionalInt("\(key).original_context_length") ?? configuration.contextTokens
      configuration.contextTokens = min(configuration.contextTokens, max(1, original))
    }
  }
}
