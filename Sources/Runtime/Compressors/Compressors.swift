/// The methods kvsh knows: one line each.
public enum Compressors {
  public static let all: [MethodCard] = [
    .kivi,
    .gear,
    .quarot,
    .qjl,
    .think,
    .kvquant,
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
    .mikv,
    .keep,
    .quest,
    .minicache,
    .llmlingua,
    .gemfilter,
    .lazyllm,
  ]
}
