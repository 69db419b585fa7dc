extension ModelFamily {
  /// Llama and Mistral: RMSNorm, rotary embedding, grouped-query attention, SwiGLU, tied or own output matrix.
  ///
  /// GGUF files of both are of architecture `llama`, their query and key channels in pairs side by side. A Mistral
  /// `config.json` may set a sliding window, a Llama one biases.
  static let llama = ModelFamily(
    architectures: ["llama"], modelTypes: ["llama", "mistral"],
    gguf: { file, architecture in try DecoderPlan(file, architecture: architecture, pairs: .adjacent) },
    huggingFace: { config, modelType in
      var plan = try DecoderPlan(config)
      if modelType == "mistral" { try plan.readWindows(config) }
      if try config.optionalBool("attention_bias") == true {
        plan.biases.formUnion([.query, .key, .value, .attentionOutput])
      }
      if try config.optionalBool("mlp_bias") == true { plan.biases.formUnion([.gate, .up, .down]) }
      return plan
    })
}
