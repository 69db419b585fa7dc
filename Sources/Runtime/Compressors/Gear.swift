import KernelABI

extension MethodCard {
  /// GEAR (sheet gear): codes, exact outliers and a low-rank part of the error, in the two forms it was published in.
  static let gear = MethodCard(
    name: "gear",
    title: "GEAR: An Efficient KV Cache Compression Recipe for Near-Lossless Generative Inference of LLM",
    family: .quantisation,
    paper: "arXiv 2403.05527",
    summary: "Packs the cache into few bits, keeps the outliers exactly and adds a low-rank part of what is left.",
    parameters: [
      ParameterCard(
        "mode", .word(["tensor", "group"]), default: .word("tensor"),
        "tensor: one scale for a layer's keys or values, all compressed again every interval; group: KIVI's groups"),
      ParameterCard("bits", .oneOf([2, 4, 8]), default: .int(4), "code width: 4 or 8 by tensor, 2 or 4 by group"),
      ParameterCard("outlier", .float(0...0.2), default: .float(0.02), "fraction kept exactly, half from each end"),
      ParameterCard(
        "rank", .float(0...256), default: nil, note: "0.02 by tensor, 4 by group",
        "low-rank size: a fraction of min(tokens, channels) by tensor, whole and per head by group"),
      ParameterCard("rank_decode", .int(0...256), default: .int(2), "rank of blocks after the prompt's (group)"),
      ParameterCard("loops", .int(1...64), default: .int(3), "passes of power iteration"),
      ParameterCard(
        "interval", .int(1...8192), default: nil, note: "20 by tensor, 64 by group (a multiple of group there)",
        "newest tokens that wait exactly before they are compressed"),
      ParameterCard("group", .oneOf([32, 64, 128]), default: .int(64), "numbers that share a scale (group)"),
      ParameterCard("seed", .int(0...Int(Int32.max)), default: .int(0), "start vectors of power iteration"),
    ],
    presets: [
      Preset(
        "rethinking",
        [
          "mode": .word("tensor"), "bits": .int(4), "outlier": .float(0.02), "rank": .float(0.02),
          "interval": .int(20),
        ],
        source: "Rethinking KV Cache Compression, B.3: s = 2 %, r = 2 %; GEAR without a number is 4 bits there")
    ],
    storage: .packed,
    deviations: [
      "tensor: outlier indices take 4 bytes; the authors' code stores 8.",
      "tensor: one scale per sequence; the authors' code stores one for a whole batch but measures the error per row.",
      "tensor: the KV heads are compressed; the authors' code compresses them after repetition.",
      "tensor: prompts of unequal heads (after a keep method) enter power iteration padded with zeros.",
      "group: streams as the CUDA code (a block per full buffer); the simulated code compresses everything again.",
      "group: the outliers of a channel are counted from its tokens; the simulated code counts channels instead.",
      "group: blocks end at multiples of interval for values too; KIVI's KCVT backbone (one group a vector) is left out.",
      "Start vectors come from a counter and the seed, not from torch.",
    ]
  ) { settings in
    settings.word("mode") == "group" ? try gearByGroup(settings) : try gearByTensor(settings)
  }

  private static func gearByTensor(_ settings: Settings) throws -> Slots {
    let bits = settings.int("bits") ?? 4
    guard bits != 2 else { throw settings.problem("bits=2 with mode=tensor", expected: "4 or 8 bits, or mode=group") }
    for name in ["group", "rank_decode"] where settings.given.contains(name) {
      throw settings.problem("\(name) with mode=tensor", expected: "\(name) with mode=group only")
    }
    let rank = settings.float("rank") ?? 0.02
    guard rank <= 1 else {
      throw settings.problem(
        "rank=\(rank) with mode=tensor", expected: "a fraction of min(tokens, channels), from 0 to 1")
    }
    return Slots(
      codec: GearTensorCodec(
        settings: GearTensorSettings(
          bits: bits, outlier: settings.float("outlier") ?? 0.02, rank: rank, loops: settings.int("loops") ?? 3,
          interval: settings.int("interval") ?? 20, seed: settings.int("seed") ?? 0)))
  }

  private static func gearByGroup(_ settings: Settings) throws -> Slots {
    let bits = settings.int("bits") ?? 4
    guard bits != 8 else { throw settings.problem("bits=8 with mode=group", expected: "2 or 4 bits, or mode=tensor") }
    let group = settings.int("group") ?? 64
    let interval = settings.int("interval") ?? max(64, group)
    guard interval % group == 0 else {
      throw settings.problem("interval=\(interval) with group=\(group)", expected: "a multiple of \(group)")
    }
    let rank = settings.float("rank") ?? 4
    guard rank == rank.rounded() else {
      throw settings.problem("rank=\(rank) with mode=group", expected: "a whole number of vectors per head")
    }
    return Slots(
      codec: GearGroupCodec(
        settings: GearGroupSettings(
          bits: bits, outlier: settings.float("outlier") ?? 0.02, rank: Int(rank),
          rankDecode: settings.int("rank_decode") ?? 2, loops: settings.int("loops") ?? 3, interval: interval,
          group: group, seed: settings.int("seed") ?? 0)))
  }
}
