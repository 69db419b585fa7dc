/// What the tensors of a decoder are called in one kind of file.
///
/// A family whose files differ replaces entries; names are without `.weight` or `.bias`.
struct TensorNames: Sendable {
  /// A part of the model outside its layers, or of each layer.
  enum Part: CaseIterable, Sendable {
    case embedding, outputNorm, output
    case attentionNorm, query, key, value, attentionOutput, queryNorm, keyNorm
    case feedForwardNorm, gate, up, down
    /// Query, key and value in one matrix; gate and up in one matrix.
    case fusedAttention, fusedFeedForward
  }

  var names: [Part: String]
  /// What a layer's names begin with, up to the layer's number.
  let layerPrefix: String
  /// Tensors that hold no weights: tables of rotary angles, which are computed.
  let ignored: [String]

  /// The name of a part; `layer` is nil for parts outside the layers.
  func name(_ part: Part, layer: Int? = nil) -> String {
    let own = names[part] ?? "\(part)"
    return layer.map { "\(layerPrefix)\($0).\(own)" } ?? own
  }

  /// GGUF (ggml's docs/gguf.md, "Standardized tensor names").
  static let gguf = TensorNames(
    names: [
      .embedding: "token_embd", .outputNorm: "output_norm", .output: "output", .attentionNorm: "attn_norm",
      .query: "attn_q", .key: "attn_k", .value: "attn_v", .attentionOutput: "attn_output",
      .queryNorm: "attn_q_norm", .keyNorm: "attn_k_norm", .feedForwardNorm: "ffn_norm", .gate: "ffn_gate",
      .up: "ffn_up", .down: "ffn_down", .fusedAttention: "attn_qkv", .fusedFeedForward: "ffn_up",
    ], layerPrefix: "blk.", ignored: ["rope_freqs", "rope_factors_long", "rope_factors_short", "attn_rot_embd"])

  /// Checkpoints of the `transformers` library.
  static let huggingFace = TensorNames(
    names: [
      .embedding: "model.embed_tokens", .outputNorm: "model.norm", .output: "lm_head",
      .attentionNorm: "input_layernorm", .query: "self_attn.q_proj", .key: "self_attn.k_proj",
      .value: "self_attn.v_proj", .attentionOutput: "self_attn.o_proj", .queryNorm: "self_attn.q_norm",
      .keyNorm: "self_attn.k_norm", .feedForwardNorm: "post_attention_layernorm", .gate: "mlp.gate_proj",
      .up: "mlp.up_proj", .down: "mlp.down_proj", .fusedAttention: "self_attn.qkv_proj",
      .fusedFeedForward: "mlp.gate_up_proj",
    ], layerPrefix: "model.layers.", ignored: ["rotary_emb.inv_freq"])
}
