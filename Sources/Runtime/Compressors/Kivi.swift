import KernelABI

extension MethodCard {
  /// KIVI (sheet kivi): keys per channel, values per token, the newest tokens exact.
  static let kivi = MethodCard(
    name: "kivi",
    title: "KIVI: A Tuning-Free Asymmetric 2bit Quantization for KV Cache",
    family: .quantisation,
    paper: "arXiv 2402.02750, ICML 2024",
    summary: "Packs keys per channel and values per token into 2, 4 or 8 bits; the newest tokens stay exact.",
    parameters: [
      ParameterCard("bits", .oneOf([2, 4, 8]), default: .int(2), "code width of keys and values"),
      ParameterCard("k_bits", .oneOf([2, 4, 8]), default: nil, note: "bits", "code width of keys alone"),
      ParameterCard("v_bits", .oneOf([2, 4, 8]), default: nil, note: "bits", "code width of values alone"),
      ParameterCard(
        "group", .oneOf([32, 64, 128]), default: .int(32), "numbers that share a scale; divides headDim and residual"),
      ParameterCard("residual", .int(32...8192), default: .int(128), "newest tokens kept exact, a multiple of group"),
    ],
    presets: [
      Preset(
        "rethinking", ["bits": .int(4), "group": .int(32), "residual": .int(128)],
        source: "Rethinking KV Cache Compression, B.3: G = 32, R = 128; KIVI without a number is 4 bits there")
    ],
    storage: .packed,
    deviations: [
      "A constant group restores exactly; the authors' code divides 0 by 0 there.",
      "Groups of 32 or more: smaller ones would cost more scale than code.",
    ]
  ) { settings in
    let bits = settings.int("bits") ?? 2
    let group = settings.int("group") ?? 32
    let residual = settings.int("residual") ?? 128
    guard residual % group == 0 else {
      throw settings.problem("group=\(group) does not divide residual=\(residual)", expected: "a multiple of \(group)")
    }
    return Slots(
      codec: GroupedCodec(
        keyBits: settings.int("k_bits") ?? bits, valueBits: settings.int("v_bits") ?? bits, group: group,
        residual: residual))
  }
}
