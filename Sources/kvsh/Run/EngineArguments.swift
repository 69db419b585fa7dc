import Lang
import Runtime

/// `engine=flash append=copy tp=2`: how attention is computed, as commands take it.
enum EngineArguments {
  /// - Parameter isSweep: whether several engines and numbers of ranks may be given.
  static func parameters(isSweep: Bool = false) -> [Parameter] {
    [
      Parameter(
        "engine", .choice(AttentionEngine.Kind.allCases.map(\.rawValue)),
        default: .string(AttentionEngine.fused.kind.rawValue),
        doc: "How attention is computed: kvsh's own (fused), as transformers does (eager), FlashAttention-2, or pages.",
        sweepable: isSweep),
      Parameter(
        "append", .choice(AttentionEngine.Append.allCases.map(\.rawValue)),
        doc: "copy: engine=flash brings each new token into a new copy of the cache, as eager does."),
      Parameter(
        "tile", .int, allowed: [16, 32, 64, 128, 256, 512].map { .int($0) },
        doc: "Keys that engine=flash takes at once. Default: \(AttentionEngine.defaultTileTokens)."),
      Parameter(
        "page", .int, allowed: [16, 32, 64, 128, 256, 512].map { .int($0) },
        doc: "Tokens of a page of engine=paged. Default: \(AttentionEngine.defaultPageTokens)."),
      Parameter(
        "tp", .int, default: .int(1), range: 1...64,
        doc: "Parts that heads and feed-forward columns are split into, each with threads of its own.",
        sweepable: isSweep),
    ]
  }

  /// The engines that a call names: kinds by ranks.
  ///
  /// - Throws: `RuntimeProblem` K681.
  static func engines(_ call: Call) throws -> [AttentionEngine] {
    let kinds = call.values("engine").compactMap { AttentionEngine.Kind(rawValue: $0.text) }
    let append = call.optional("append").flatMap { AttentionEngine.Append(rawValue: $0.text) }
    let tile = call.optional("tile")?.asInt
    let page = call.optional("page")?.asInt
    // In a sweep a setting is for the kinds that have it; one that no kind has is a mistake.
    for (isGiven, kind, text) in [
      (append != nil, AttentionEngine.Kind.flash, "append"), (tile != nil, .flash, "tile"),
      (page != nil, .paged, "page"),
    ] where isGiven && !kinds.contains(kind) && !(text == "append" && kinds.contains(.eager) && append == .copy) {
      throw RuntimeProblem(
        "K681", seen: "\(text)= with engine=\(kinds.map(\.rawValue).joined(separator: ", "))",
        expected: "\(text)= with engine=\(kind.rawValue)", suggestion: "leave \(text)= out")
    }
    return try kinds.flatMap { kind in
      try call.ints("tp").map { ranks in
        try AttentionEngine(
          kind, append: kind == .flash ? append : nil,
          tileTokens: kind == .flash ? tile : kind == .paged ? page : nil, ranks: ranks)
      }
    }
  }

  /// The same, refused if one of them cannot serve one of the configurations with the model.
  static func checkedEngines(
    _ call: Call, _ configurations: [Compressor], _ loaded: LoadedModel
  ) throws -> [AttentionEngine] {
    try call.placing(at: call.isGiven("tp") && !call.isGiven("engine") ? "tp" : "engine") {
      let engines = try engines(call)
      for engine in engines {
        for configuration in configurations { try loaded.engine.check(engine, configuration) }
      }
      return engines
    }
  }
}
