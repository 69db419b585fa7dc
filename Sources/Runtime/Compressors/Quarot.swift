extension MethodCard {
  /// QuaRot (sheet quarot): its cache alone; weights and activations stay as they are.
  static let quarot = MethodCard(
    name: "quarot",
    title: "QuaRot: Outlier-Free 4-Bit Inference in Rotated LLMs",
    family: .quantisation,
    paper: "arXiv 2404.00456, NeurIPS 2024",
    summary: "Rotates each key and value by a Hadamard matrix, so that no channel sticks out, and packs it on its own.",
    parameters: [
      ParameterCard("bits", .oneOf([2, 3, 4, 8]), default: .int(4), "code width of keys and values"),
      ParameterCard("k_bits", .oneOf([2, 3, 4, 8]), default: nil, note: "bits", "code width of keys alone"),
      ParameterCard("v_bits", .oneOf([2, 3, 4, 8]), default: nil, note: "bits", "code width of values alone"),
      ParameterCard(
        "group", .oneOf([32, 64, 128, 256]), default: nil, note: "the head dimension", "channels that share a scale"),
      ParameterCard("clip", .float(0.01...1), default: .float(0.95), "extremes are multiplied by this"),
      ParameterCard("sym", .bool, default: .bool(false), "levels symmetric about zero"),
      ParameterCard("rotate", .bool, default: .bool(true), "false: the same quantiser without the rotation"),
      ParameterCard(
        "prefill_quant", .bool, default: .bool(false),
        "whether the prompt attends to codes too, as published figures do"),
    ],
    presets: [
      Preset(
        "paper", ["bits": .int(4), "clip": .float(0.95), "sym": .bool(false), "prefill_quant": .bool(true)],
        source: "the simulated runs of its repository: asymmetric, a scale a head, the prompt sees codes"),
      Preset(
        "cache", ["bits": .int(4), "clip": .float(1), "sym": .bool(false)],
        source: "its packed 4-bit cache (kv_cache.py): no clipping, the prompt attends exactly"),
    ],
    storage: .packed,
    deviations: [
      "The cache alone: weights and activations are not rotated or quantised; values are rotated when they are stored and "
        + "their sums back, which is the same but for rounding.",
      "A head dimension that is no power of two is rotated in blocks of its largest power of two.",
      "The zero point is stored as a half-precision minimum, which takes the same 2 bytes.",
      "A vector of equal numbers restores exactly; the authors' code divides 0 by 0 there (values).",
      "One scale for a whole token over all heads, and 5 to 7 bits, are left out.",
    ]
  ) { settings in
    let bits = settings.int("bits") ?? 4
    return Slots(
      codec: RotatedCodec(
        settings: RotatedSettings(
          keyBits: settings.int("k_bits") ?? bits, valueBits: settings.int("v_bits") ?? bits,
          group: settings.int("group"), clip: settings.float("clip") ?? 0.95, symmetric: settings.bool("sym") ?? false,
          rotates: settings.bool("rotate") ?? true, quantisesPrompt: settings.bool("prefill_quant") ?? false)))
  }
}
