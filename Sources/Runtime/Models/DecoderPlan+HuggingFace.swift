import Foundation

extension DecoderPlan {
  /// The plan of a `config.json` by the keys that all decoders of the `transformers` library share.
  ///
  /// - Throws: `RuntimeProblem` K207, K208 (keys), K242 (what kvsh cannot run).
  init(_ config: JSONSettings) throws {
    let hidden = try config.int("hidden_size")
    let queryHeads = try config.int("num_attention_heads")
    let headDim = try config.optionalInt("head_dim") ?? hidden / max(1, queryHeads)
    let rotary = try RotarySettings(config)
    configuration = ModelConfiguration(
      layers: try config.int("num_hidden_layers"), hidden: hidden, feedForward: try config.int("intermediate_size"),
      queryHeads: queryHeads, kvHeads: try config.optionalInt("num_key_value_heads") ?? queryHeads, headDim: headDim,
      vocabulary: try config.int("vocab_size"), contextTokens: try config.int("max_position_embeddings"),
      normEpsilon: try config.float("rms_norm_eps"), rotaryBase: rotary.base, rotaryPairs: .halves)
    names = .huggingFace
    isTied = try config.optionalBool("tie_word_embeddings") ?? false
    // The sizes bound every array that follows.
    try configuration.check(file: config.fileName)
    if rotary.share != 1 { configuration.rotaryChannels = Int(Float(headDim) * rotary.share) }
    try configuration.check(file: config.fileName)
    try rotary.apply(to: &self, config)
    try refuse(config)
  }

  /// Gives layers the window of `sliding_window`, if the file has one: those that `layer_types` names, or all.
  mutating func readWindows(_ config: JSONSettings) throws {
    guard let window = try config.optionalInt("sliding_window") else { return }
    guard window > 0 else {
      throw RuntimeProblem(
        "K242", seen: "\(config.fileName): a sliding window of \(window)", expected: "1 or more tokens")
    }
    guard let types = try config.optionalStrings("layer_types") else {
      configuration.windows = [Int?](repeating: window, count: configuration.layers)
      return
    }
    guard types.count == configuration.layers else {
      throw RuntimeProblem(
        "K242", seen: "\(config.fileName): \(types.count) layer types for \(configuration.layers) layers",
        expected: "one a layer")
    }
    configuration.windows = try types.map { type in
      switch type {
      case "sliding_attention": return window
      case "full_attention": return nil
      default:
        throw RuntimeProblem(
          "K242", seen: "\(config.fileName): a layer of the type '\(type)'",
          expected: "full_attention or sliding_attention")
      }
    }
  }

  /// Refuses settings that change what the layers or the weights mean.
  private func refuse(_ config: JSONSettings) throws {
    func refusal(_ seen: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem("K242", seen: "\(config.fileName): \(seen)", expected: expected)
    }
    let activation = try config.optionalString("hidden_act") ?? "silu"
    guard ["silu", "swish"].contains(activation) else {
      throw refusal("the activation '\(activation)'", "silu")
    }
    if let quantisation = try config.optionalRecord("quantization_config") {
      let method = try quantisation.optionalString("quant_method") ?? "an unknown method"
      throw refusal("weights quantised with \(method)", "weights in F32, F16 or BF16, or a GGUF file")
    }
  }
}

/// How a `config.json` turns queries and keys (transformers' modeling_rope_utils.py).
struct RotarySettings {
  let base: Float
  /// Share of a head's channels that rotate.
  let share: Float
  private let type: String
  private let record: JSONSettings?

  init(_ config: JSONSettings) throws {
    // `rope_parameters` since version 5 of the library, `rope_scaling` before.
    record = try config.optionalRecord("rope_parameters") ?? config.optionalRecord("rope_scaling")
    type = try record?.optionalString("rope_type") ?? record?.optionalString("type") ?? "default"
    base = try record?.optionalFloat("rope_theta") ?? config.optionalFloat("rope_theta") ?? 10_000
    share =
      try record?.optionalFloat("partial_rotary_factor") ?? config.optionalFloat("partial_rotary_factor") ?? 1
    guard share > 0, share <= 1 else {
      throw RuntimeProblem(
        "K242", seen: "\(config.fileName): 'partial_rotary_factor' is \(share)", expected: "a number above 0, at most 1"
      )
    }
  }

  func apply(to plan: inout DecoderPlan, _ config: JSONSettings) throws {
    guard let record else { return }
    let pairs = plan.configuration.rotaryDim / 2
    switch type {
    case "default": break
    case "linear":
      plan.rotaryFactors = [Float](repeating: try positive("factor", of: record), count: pairs)
    case "llama3": plan.rotaryFactors = try llama3Factors(record, channels: plan.configuration.rotaryDim)
    case "longrope", "su": try applyLongRope(record, to: &plan, config)
    default:
      throw RuntimeProblem(
        "K242", seen: "\(config.fileName): rotary scaling of the type '\(type)'",
        expected: "default, linear, llama3 or longrope", suggestion: "remove it to run the model's original context")
    }
  }

  private func positive(_ key: String, of record: JSONSettings) throws -> Float {
    let number = try record.float(key)
    guard number > 0, number.isFinite else {
      throw RuntimeProblem("K242", seen: "\(record.fileName): '\(key)' is \(number)", expected: "a number above 0")
    }
    return number
  }

  /// Low frequencies are divided by the factor, high ones left, and those between blended (`_compute_llama3_parameters`).
  private func llama3Factors(_ record: JSONSettings, channels: Int) throws -> [Float] {
    let factor = try positive("factor", of: record)
    let low = try positive("low_freq_factor", of: record)
    let high = try positive("high_freq_factor", of: record)
    let original = try positive("original_max_position_embeddings", of: record)
    return (0..<channels / 2).map { index in
      let wavelength = 2 * Float.pi * pow(base, Float(2 * index) / Float(channels))
      if wavelength < original / high { return 1 }
      if wavelength > original / low { return factor }
      let smooth = (original / wavelength - low) / (high - low)
      return 1 / ((1 - smooth) / factor + smooth)
    }
  }

  /// The short factors, for contexts up to the original one; the long factors would need keys rotated anew.
  private func applyLongRope(_ record: JSONSettings, to plan: inout DecoderPlan, _ config: JSONSettings) throws {
    let context = plan.configuration.contextTokens
    let original =
      try record.optionalInt("original_max_position_embeddings")
      ?? config.optionalInt("original_max_position_embeddings") ?? context
    guard original > 1 else {
      throw RuntimeProblem(
        "K242", seen: "\(config.fileName): 'original_max_position_embeddings' is \(original)", expected: "2 or more")
    }
    plan.rotaryFactors = try record.floats("short_factor")
    let factor = try record.optionalFloat("factor") ?? Float(context) / Float(original)
    let natural = factor <= 1 ? 1 : (1 + log(factor) / log(Float(original))).squareRoot()
    plan.rotaryScale = try record.optionalFloat("attention_factor") ?? natural
    plan.configuration.contextTokens = min(context, original)
  }
}
