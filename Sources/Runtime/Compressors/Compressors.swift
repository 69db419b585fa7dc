/// The methods kvsh knows: one line each.
public enum Compressors {
  public static let all: [MethodCard] = [
    .kivi,
    .gear,
    .quarot,
    .qjl,
    .kvquant,
    .streamingllm,
    .h2o,
  ]
}
