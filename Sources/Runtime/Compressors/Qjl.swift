extension MethodCard {
  /// QJL (sheet qjl): keys as signs of random projections, which need no scales but a norm.
  static let qjl = MethodCard(
    name: "qjl",
    title: "QJL: 1-Bit Quantized JL Transform for KV Cache Quantization with Zero Overhead",
    family: .quantisation,
    paper: "arXiv 2406.03482, AAAI 2025",
    summary:
      "Keeps the signs of random projections of each key, estimates scores from them, and packs values as kivi does.",
    parameters: [
      ParameterCard(
        "sketch", .int(32...4096), default: nil, note: "2 x the head dimension",
        "projections of a key, a multiple of 32"),
      ParameterCard(
        "sketch_initial", .int(32...4096), default: nil, note: "4 x the head dimension",
        "projections of a key in the first layers"),
      ParameterCard(
        "initial_layers", .int(0...1024), default: nil, note: "15 of 32", "how many layers are the first ones"),
      ParameterCard(
        "outlier_channels", .int(0...255), default: .int(8), "channels of each group of tokens that are sketched apart"),
      ParameterCard(
        "sketch_outlier", .int(32...4096), default: nil,
        note: "2 x the head dimension, once in the first layers", "projections of the outlier channels"),
      ParameterCard("v_bits", .oneOf([2, 4]), default: .int(2), "code width of values"),
      ParameterCard(
        "group", .oneOf([32, 64, 128]), default: .int(32),
        "tokens that share outlier channels, and channels of a value that share a scale"),
      ParameterCard("residual", .int(32...8192), default: .int(128), "newest tokens kept exact, a multiple of group"),
      ParameterCard("rot", .bool, default: .bool(true), "whether the projections are made orthogonal"),
      ParameterCard("seed", .int(0...Int(Int32.max)), default: .int(42), "the projections"),
    ],
    presets: [
      Preset(
        "paper", ["outlier_channels": .int(8), "v_bits": .int(2), "group": .int(32), "residual": .int(128)],
        source: "its LongBench runs: 256 and 512 projections at a head dimension of 128, which scale with it here")
    ],
    storage: .packed,
    deviations: [
      "The projections come from a counter and the seed, not from torch.",
      "They are held in single precision, once for all layers, heads and sequences; queries times projections are taken as "
        + "fixed point of 16 bits.",
      "Sketches come in 32s; the authors' code takes 8s.",
      "Prompts shorter than residual are exact until residual tokens are there; the authors' code fails on them.",
      "Heads of unequal lengths (after a keep method) each sketch when their own buffer is full.",
    ]
  ) { settings in
    let group = settings.int("group") ?? 32
    let residual = settings.int("residual") ?? 128
    guard residual % group == 0 else {
      throw settings.problem("group=\(group) does not divide residual=\(residual)", expected: "a multiple of \(group)")
    }
    for name in ["sketch", "sketch_initial", "sketch_outlier"] {
      if let count = settings.int(name), count % 32 != 0 {
        throw settings.problem("\(name)=\(count)", expected: "a multiple of 32")
      }
    }
    return Slots(
      codec: SketchCodec(
        settings: SketchSettings(
          sketch: settings.int("sketch"), initialSketch: settings.int("sketch_initial"),
          initialLayers: settings.int("initial_layers"), outliers: settings.int("outlier_channels") ?? 8,
          outlierSketch: settings.int("sketch_outlier"), valueBits: settings.int("v_bits") ?? 2, group: group,
          residual: residual, isOrthogonal: settings.bool("rot") ?? true, seed: settings.int("seed") ?? 42)))
  }
}
