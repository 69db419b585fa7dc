extension MethodCard {
  /// MiniCache (sheet minicache): neighbouring layers of the upper half share directions and keep their lengths.
  static let minicache = MethodCard(
    name: "minicache",
    title: "MiniCache: KV Cache Compression in Depth Dimension for Large Language Models",
    family: .sharing,
    paper: "arXiv 2405.14366, NeurIPS 2024",
    summary: "Merges the keys and values of neighbouring layers into one direction a token, with each layer's lengths.",
    parameters: [
      ParameterCard(
        "start", .float(0...1), default: .float(0.5), "first merged depth, a share of the layers; 1 is none"),
      ParameterCard("t", .float(0...1), default: .float(0.6), "mode=slerp: 0 is the shallower layer, 1 the deeper one"),
      ParameterCard(
        "threshold", .float(0...1), default: .float(0.05),
        "gamma: tokens within this share of the range of distances from the most distant stay unmerged"),
      ParameterCard(
        "residual", .int(0...8192), default: .int(128), "newest tokens left unmerged until there are so many"),
      ParameterCard(
        "bits", .oneOf([2, 4, 16]), default: .int(16), "code width of the directions, as in kivi; 16 is none"),
      ParameterCard(
        "mode", .word(DirectionMerge.Mode.allCases.map(\.rawValue)), default: .word("slerp"),
        "how two vectors become one direction"),
    ],
    presets: [
      Preset(
        "paper", ["start": .float(0.5), "t": .float(0.6), "threshold": .float(0.05)],
        source: "its abstract and ablations: the upper half, gamma = 0.05 (t = 0.6 is second-hand)"),
      Preset(
        "quantised", ["threshold": .float(0.05), "bits": .int(4), "residual": .int(128)],
        source: "its combination with 4-bit codes, 5.02 times smaller on LLaMA-2-7B"),
    ],
    storage: .packed,
    deviations: [
      "No code is public: distances, t and the rule of retention follow the paper's text and captions.",
      "Keys are merged as they are cached, rotated at their positions.",
      "Tokens that point in opposite directions in some head stay unmerged, as do those whose length half precision "
        + "cannot hold.",
      "New tokens are merged residual at a time, the newest tokens mod residual staying as they are; which of them stay "
        + "unmerged for good follows the distances of the first tokens that were merged.",
      "mode=average takes the direction of the sum, mode=maxnorm that of the longer vector, with lengths kept as for slerp.",
      "threshold=1 retains every token, later ones too.",
      "bits packs the directions of the merged layers; layers that are not merged are left to another method.",
    ]
  ) { settings in
    let bits = settings.int("bits") ?? 16
    let residual = settings.int("residual") ?? 128
    guard bits == 16 || (residual > 0 && residual % 32 == 0) else {
      throw settings.problem(
        "bits=\(bits) with residual=\(residual)", expected: "a multiple of 32, the group of its codes")
    }
    return Slots(
      share: LayerPairs(
        start: settings.float("start") ?? 0.5,
        merge: DirectionMerge(
          mode: settings.word("mode").flatMap(DirectionMerge.Mode.init) ?? .slerp, t: settings.float("t") ?? 0.6),
        retention: RetentionRule(gamma: settings.float("threshold") ?? 0.05), residual: residual, bits: bits))
  }
}
