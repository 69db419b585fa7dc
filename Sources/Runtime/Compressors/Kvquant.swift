extension MethodCard {
  /// KVQuant (sheet kvquant): keys before their rotation, levels where the numbers are, outliers exactly.
  static let kvquant = MethodCard(
    name: "kvquant",
    title: "KVQuant: Towards 10 Million Context Length LLM Inference with KV Cache Quantization",
    family: .quantisation,
    paper: "arXiv 2401.18079, NeurIPS 2024",
    summary: "Codes of levels learnt from a calibration text: keys per channel before rotation, values per token, with "
      + "exact outliers.",
    parameters: [
      ParameterCard("bits", .oneOf([2, 3, 4, 5]), default: .int(4), "code width of keys and values"),
      ParameterCard(
        "outlier", .float(0...0.05), default: .float(0.01), "fraction kept exactly, half from each end; 0 for none"),
      ParameterCard("sink", .int(0...16), default: .int(0), "first tokens of a text kept exactly"),
      ParameterCard(
        "codebook", .word(["nuq", "nf", "uniform"]), default: .word("nuq"),
        "levels by k-means of the calibration, of the normal distribution, or at equal distances"),
      ParameterCard(
        "qnorm", .bool, default: .bool(false), "restored numbers get the mean and deviation of the calibration's"),
      ParameterCard(
        "cap", .int(0...4_096), default: nil, note: "none",
        "most exact numbers of a token's keys at each end, those farthest out; its code has 21"),
      ParameterCard(
        "calib", .text, default: nil, note: "a page of prose that comes with kvsh",
        "text to learn levels and key thresholds from"),
    ],
    presets: [
      Preset(
        "nuq4", ["bits": .int(4), "outlier": .float(0.01), "sink": .int(1)],
        source: "its repository's nuq4-1% with one exact first token"),
      Preset(
        "nuq3", ["bits": .int(3), "outlier": .float(0.01), "sink": .int(1)],
        source: "its repository's nuq3-1% with one exact first token"),
      Preset(
        "nuq2", ["bits": .int(2), "outlier": .float(0.01), "sink": .int(1), "qnorm": .bool(true)],
        source: "its repository's nuq2-1% with one exact first token and Q-Norm"),
    ],
    storage: .packed,
    deviations: [
      "Calibrated once a model and setting by the engine's own uncompressed cache, on a page of prose that comes with "
        + "kvsh (about 2,000 tokens) or the first 16 x 2,048 tokens of calib; the paper takes as many of WikiText-2.",
      "k-means counts every number alike: the paper's Fisher weights need gradients. It starts from quantiles, not at "
        + "random.",
      "The prompt attends exactly, and so does a new token to itself; both are packed behind it.",
      "Keys are turned back from the cache's half precision and turned again by their block's first position and the way "
        + "from there: the same but for rounding.",
      "Heads that keep different tokens have a value range each; otherwise a token has one over all heads, as in the paper.",
      "The cap counts over the heads that hold the same tokens: over all of them unless heads keep tokens of their own.",
    ]
  ) { settings in
    Slots(
      codec: BookCodec(
        settings: BookSettings(
          bits: settings.int("bits") ?? 4, outlier: settings.float("outlier") ?? 0.01,
          sink: settings.int("sink") ?? 0,
          levels: settings.word("codebook").flatMap(BookSettings.Levels.init) ?? .nuq,
          normalises: settings.bool("qnorm") ?? false, cap: settings.int("cap")),
        calibrationText: settings.text("calib")))
  }
}
