/// Codes of the engine and of methods, for `help K601`.
public enum EngineProblems {
  public static let all: [(code: String, title: String, explanation: String)] = [
    ("K241", "A tensor has the wrong shape", "The sizes in the file's metadata and its tensors do not agree."),
    (
      "K242", "The model cannot be run",
      "The architecture is not known to kvsh, or a size is one that no kernel can work with. `models` lists what is."
    ),
    ("K300", "No such method or preset", "`compressors` lists the methods; `help NAME` lists a method's presets."),
    ("K301", "No such parameter", "`help NAME` lists the parameters of a method with their ranges."),
    ("K302", "A parameter has the wrong type", "`help NAME` shows what each parameter takes."),
    ("K303", "A parameter is out of range", "`help NAME` shows the range of each parameter."),
    ("K304", "Parameters do not go together", "Each alone is fine; the sentence says which combination is not."),
    (
      "K305", "The method does not fit the model",
      "For instance a group that does not divide the model's head dimension."
    ),
    (
      "K306", "Two methods cannot be combined",
      "A configuration fills each slot once, and tokens cannot leave packed groups one by one. That goes for prompts too: "
        + "a share of what another method left of a prompt would be a share of nothing that was asked for."
    ),
    ("K601", "No such instruction set", "KVSH_KERNELS forces one of the kernel variants, for tests. Unset it."),
    (
      "K602", "A number in attention is not finite",
      "NaN or infinity in queries, keys or values, or a key or value too large for a half-precision cache. The run "
        + "stops at that request; finished rows are kept."
    ),
    (
      "K607", "The memory would not do",
      "Before a run kvsh adds up what its caches and its working memory come to at the longest texts, and refuses what "
        + "the machine (MemAvailable, and the limit of its control group) does not have. A smaller batch=, shorter "
        + "texts or a method that holds less help."
    ),
    (
      "K608", "A text cannot be scored",
      "It has fewer than two tokens, or its windows do not fit the model's context or each other."
    ),
    (
      "K680", "The engine cannot serve the method",
      "engine= and a compressor do not go together, for instance pages of exact tokens with a packed cache. Nothing is "
        + "run on another engine instead; the sentence says why, and which engine can."
    ),
    (
      "K681", "The engine's settings do not go together",
      "append=copy is eager's way and may be asked of flash; page= goes with engine=paged, tile= with engine=flash."
    ),
    (
      "K682", "The model does not divide by the ranks",
      "tp= splits a model by its heads: each rank has the same number of KV heads and query heads, and cuts its matrices "
        + "between the blocks of their format. 3 KV heads leave tp=1 and tp=3."
    ),
    ("K603", "A prompt cannot be run", "It is empty, longer than the model's context, or has tokens the model lacks."),
  ]

  /// A key or value (`isStored`), or a score, that is no number a cache can work with.
  static func notFinite(layer: Int, head: Int, isStored: Bool) -> RuntimeProblem {
    RuntimeProblem(
      "K602",
      seen: "layer \(layer), KV head \(head): "
        + (isStored ? "a key or value is not a finite number" : "an attention score is not a finite number"),
      expected: isStored ? "keys and values that the cache can hold" : "finite keys and queries",
      suggestion: "try precision=f32; if it stays, the model file is damaged")
  }
}
