extension ModelFamily {
  /// Phi-3 and its kin: as Llama, with query, key and value in one matrix and gate and up in one; perhaps a window,
  /// a part of each head that does not rotate, and factors for long contexts (LongRoPE, arXiv 2402.13753).
  static let phi3 = ModelFamily(
    architectures: ["phi3"], modelTypes: ["phi3"],
    gguf: { file, architecture in
      var plan = try DecoderPlan(file, architecture: architecture, pairs: .halves)
      plan.fusesAttention = true
      plan.fusesFeedForward = true
      return plan
    },
    huggingFace: { config, _ in
      var plan = try DecoderPlan(config)
      plan.fusesAttention = true
      plan.fusesFeedForward = true
      try plan.readWindows(config)
      return plan
    })
}
