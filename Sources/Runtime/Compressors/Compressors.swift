/// The methods kvsh knows: one line each.
public enum Compressors {
  public static let all: [MethodCard] = [
    .kivi,
    .gear,
    .streamingllm,
    .h2o,
    .snapkv,
    .tova,
    .knorm,
    .keydiff,
    .expectedattention,
    .pyramidkv,
    .adakv,
    .corm,
    .cam,
    .keep,
  ]
}
