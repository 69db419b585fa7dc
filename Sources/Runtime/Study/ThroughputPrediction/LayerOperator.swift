/// An operator of a decoder layer whose time depends on the number of new tokens alone.
public enum LayerOperator: String, CaseIterable, Sendable {
  case inputNorm = "input_layernorm"
  case preProjection = "attn_pre_proj"
  case rope = "attn_rope"
  case postProjection = "attn_post_proj"
  case postNorm = "post_attention_layernorm"
  case upProjection = "mlp_up_proj"
  case activation = "mlp_act"
  case downProjection = "mlp_down_proj"
  case add
}
