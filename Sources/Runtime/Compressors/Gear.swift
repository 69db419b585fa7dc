import KernelABI

extension MethodCard {
  /// GEAR (sheet gear): codes, exact outliers and a low-rank part of the error.
  static let gear = MethodCard(
    name: "gear",
    title: "GEAR: An Efficient KV Cache Compression Recipe for Near-Lossless Generative Inference of LLM",
    family: .quantisation,
    paper: "arXiv 2403.05527",
    summary: "Packs the cache into few bits, keeps the outliers exactly and adds a low-rank part of what is left.",
    parameters: [
      ParameterCard("mode", .word(["tensor"]), default: .word("tensor"), "one scale for a whole tensor"),
      ParameterCard("bits", .oneOf([4, 8]), default: .int(4), "code width"),
      ParameterCard("outlier", .float(0...0.2), default: .float(0.02), "fraction kept exactly, half from each end"),
      ParameterCard("rank", .float(0...1), default: .float(0.02), "rank as a fraction of min(tokens, channels)"),
      ParameterCard("loops", .int(1...64), default: .int(3), "power iterations"),
      ParameterCard("interval", .int(1...8192), default: .int(20), "decode tokens between compressions"),
      ParameterCard("seed", .int(0...Int(Int32.max)), default: .int(0), "start vectors of power iteration"),
    ],
    storage: .packed
  ) { settings in
    Slots(
      codec: GearTensorCodec(
        settings: GearTensorSettings(
          bits: settings.int("bits") ?? 4, outlier: settings.float("outlier") ?? 0.02,
          rank: settings.float("rank") ?? 0.02, loops: settings.int("loops") ?? 3,
          interval: settings.int("interval") ?? 20, seed: settings.int("seed") ?? 0)))
  }
}
