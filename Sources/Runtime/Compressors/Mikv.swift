extension MethodCard {
  /// MiKV (sheet mikv): important tokens in high precision, the others in few bits instead of dropped.
  static let mikv = MethodCard(
    name: "mikv",
    title: "No Token Left Behind: Reliable KV Cache Compression via Importance-Aware Mixed Precision Quantization",
    family: .quantisation,
    paper: "arXiv 2402.18096, 2024",
    summary: "Keeps the heavy hitters and the newest tokens exact, and demotes all others to a few bits.",
    parameters: [
      ParameterCard("ratio", .float(0...1), default: .float(0.2), "share of the tokens in the importance cache"),
      ParameterCard("hi_bits", .oneOf([4, 8, 16]), default: .int(16), "bits of important tokens; 16 is exact"),
      ParameterCard("bits", .oneOf([0, 2, 3, 4]), default: .int(2), "bits of demoted tokens; 0 drops them"),
      ParameterCard(
        "group", .oneOf([32, 64, 128]), default: nil, note: "half the head dimension", "channels that share a scale"),
      ParameterCard("recent_share", .float(0...1), default: .float(0.5), "newest tokens inside the importance cache"),
      ParameterCard(
        "balancer", .bool, default: .bool(true), "demoted keys are multiplied, queries divided, channel by channel"),
    ],
    presets: [
      Preset(
        "paper", ["ratio": .float(0.2), "hi_bits": .int(16), "bits": .int(2)],
        source: "its Table 3: one fifth important, the rest in 2 bits (second-hand)")
    ],
    storage: .packed,
    deviations: [
      "No code is public: the split, the balancer and the quantiser follow write-ups of the paper.",
      "One set of tokens per KV head: weights of a group's query heads are averaged.",
      "The balancer is applied to demoted keys alone, also with hi_bits below 16.",
      "With hi_bits below 16 a token is packed as it comes after the prompt, and is demoted from what its codes restore.",
      "A head dimension that is no multiple of 64 has one scale a token and head unless group says otherwise.",
    ]
  ) { settings in
    let share = settings.float("ratio") ?? 0.2
    let (high, low) = (settings.int("hi_bits") ?? 16, settings.int("bits") ?? 2)
    let keep = HeavyHitters(
      budget: .growing(share: share, recent: settings.float("recent_share") ?? 0.5), removesWhileDecoding: true,
      columnSums: .causal)
    guard low > 0 else {
      guard high == 16 else {
        throw settings.problem(
          "bits=0 with hi_bits=\(high)", expected: "hi_bits=16 where tokens are dropped",
          suggestion: "use compress mikv bits=0 | compress quarot bits=\(high)")
      }
      return Slots(keep: keep)
    }
    return Slots(
      keep: keep, dispose: Demotion(),
      codec: TieredCodec(
        settings: TieredSettings(
          highBits: high, lowBits: low, group: settings.int("group"), balances: settings.bool("balancer") ?? true,
          upperShare: share)))
  }
}
