extension ModelFamily {
  /// Qwen 2 and 2.5: as Llama, with biases on query, key and value, and perhaps a window on the later layers.
  static let qwen2 = ModelFamily(
    architectures: ["qwen2"], modelTypes: ["qwen2"],
    gguf: { file, architecture in try DecoderPlan(file, architecture: architecture, pairs: .halves) },
    huggingFace: { config, _ in
      var plan = try DecoderPlan(config)
      plan.biases = [.query, .key, .value]
      try plan.readQwenWindows(config)
      return plan
    })

  /// Qwen 3: as Llama, with each head's query and key normalised before they rotate.
  static let qwen3 = ModelFamily(
    architectures: ["qwen3"], modelTypes: ["qwen3"],
    gguf: { file, architecture in
      var plan = try DecoderPlan(file, architecture: architecture, pairs: .halves)
      plan.normalisesHeads = true
      return plan
    },
    huggingFace: { config, _ in
      var plan = try DecoderPlan(config)
      plan.normalisesHeads = true
      if try config.optionalBool("attention_bias") == true {
        plan.biases = [.query, .key, .value, .attentionOutput]
      }
      try plan.readQwenWindows(config)
      return plan
    })
}

extension DecoderPlan {
  /// The window counts only with `use_sliding_window`, and from layer `max_window_layers` on
  /// (transformers' configuration_qwen2.py).
  fileprivate mutating func readQwenWindows(_ config: JSONSettings) throws {
    guard try config.optionalBool("use_sliding_window") == true else { return }
    try readWindows(config)
    guard try config.optionalStrings("layer_types") == nil else { return }
    let first = try config.int("max_window_layers")
    for layer in configuration.windows.indices where layer < first { configuration.windows[layer] = nil }
  }
}
