/// The methods kvsh knows: one line each.
public enum Compressors {
  public static let all: [MethodCard] = [
    .kivi,
    .gear,
    .streamingllm,
    .h2o,
    .llmlingua,
    .gemfilter,
    .lazyllm,
  ]
}
