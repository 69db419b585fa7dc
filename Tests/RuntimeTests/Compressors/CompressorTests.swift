import Testing

@testable import Runtime

/// Presets, budgets and the names of configurations.
struct CompressorTests {
  static func keeps(_ name: String) throws -> (
    policy: (any KeepPolicy)?, positions: PositionRule?, prefill: PrefillRule?
  ) {
    let slots = try Compressor(name).slots
    return (slots.keep, slots.positions, slots.prefill)
  }

  // Rethinking KV Cache Compression, B.3.
  @Test("the second paper's StreamingLLM keeps 64 and 448, renumbered, dropping at every step")
  func rethinkingSinks() throws {
    let (policy, positions, prefill) = try Self.keeps("streamingllm/rethinking")
    let sinks = try #require(policy as? SinksAndRecent)
    #expect(sinks.sink == 64 && sinks.recent == .tokens(448) && sinks.budget == nil && sinks.removesWhileDecoding)
    #expect(positions == .renumber && prefill == .full)
  }

  @Test("its artifact's StreamingLLM keeps 4 and 508 once, positions kept; its blocks 64 and 448")
  func artifactSinks() throws {
    let artifact = try Self.keeps("streamingllm/artifact")
    let sinks = try #require(artifact.policy as? SinksAndRecent)
    #expect(sinks.sink == 4 && sinks.recent == .tokens(508) && !sinks.removesWhileDecoding)
    #expect(artifact.positions == .keep)
    let blocks = try #require(try Self.keeps("streamingllm/blocks").policy as? SinksAndRecent)
    #expect(blocks.sink == 64 && blocks.recent == .tokens(448) && !blocks.removesWhileDecoding)
  }

  @Test("the second paper's H2O keeps 64 heavy hitters and 448 recent tokens, dropping at every step")
  func rethinkingHeavy() throws {
    let (policy, positions, _) = try Self.keeps("h2o/rethinking")
    let heavy = try #require(policy as? HeavyHitters)
    #expect(heavy.budget == .fixed(heavy: .tokens(64), recent: .tokens(448)) && heavy.removesWhileDecoding)
    #expect(heavy.needs == AttentionNeeds(columnSums: .causal, stepWeights: true))
    #expect(positions == .keep)
  }

  @Test("its artifact's H2O keeps 504 and 8 once; its blocks are the remainder")
  func artifactHeavy() throws {
    let heavy = try #require(try Self.keeps("h2o/artifact").policy as? HeavyHitters)
    #expect(heavy.budget == .fixed(heavy: .tokens(504), recent: .tokens(8)) && !heavy.removesWhileDecoding)
    #expect(heavy.needs == AttentionNeeds(columnSums: .causal, stepWeights: false))
    let blocks = try #require(try Self.keeps("h2o/blocks").policy as? SinksAndRecent)
    #expect(blocks.sink == 64 && blocks.recent == .tokens(448) && blocks.recentIsRemainder)
  }

  @Test("a given parameter goes over the preset's, the preset's over the default")
  func precedence() throws {
    let compressor = try Compressor("streamingllm/rethinking", ["sink": .int(8)])
    let sinks = try #require(compressor.slots.keep as? SinksAndRecent)
    #expect(sinks.sink == 8 && sinks.recent == .tokens(448))
  }

  @Test("a budget splits one eighth to heavy hitters, or fills up what is given beside it")
  func budgets() throws {
    func budget(_ given: [String: ParameterValue]) throws -> HeavyBudget {
      try #require(try Compressor("h2o", given).slots.keep as? HeavyHitters).budget
    }
    #expect(try budget(["budget": .int(512)]) == .fixed(heavy: .tokens(64), recent: .tokens(448)))
    #expect(
      try budget(["budget": .int(100), "heavy": .int(30)]) == .fixed(heavy: .tokens(30), recent: .tokens(70)))
    #expect(
      try budget(["budget": .int(100), "recent": .int(30)]) == .fixed(heavy: .tokens(70), recent: .tokens(30)))
    #expect(
      try budget(["budget": .budget(.share(0.5))]) == .fixed(heavy: .share(0.0625), recent: .share(0.4375)))
  }

  @Test("ratio is the share removed", arguments: [ParameterValue.float(0.75), .float(0), .int(0)])
  func ratio(_ ratio: ParameterValue) throws {
    let compressor = try Compressor("streamingllm", ["ratio": ratio])
    let sinks = try #require(compressor.slots.keep as? SinksAndRecent)
    #expect(sinks.budget == .share(ratio == .float(0.75) ? 0.25 : 1))
  }

  @Test("labels say what was given, specifications say everything, storage is the strongest claim")
  func names() throws {
    #expect(Compressor.none.label == "fp16")
    #expect(Compressor.none.specification == "")
    #expect(Compressor.none.storage == .full)
    let keep = try Compressor("h2o", ["variant": .word("prefill"), "budget": .budget(.share(0.3))])
    #expect(keep.label == "h2o budget=30% variant=prefill")
    #expect(keep.storage == .evicted)
    let both = try keep.composed(with: .of("kivi", ["bits": 2]))
    #expect(both.label == "h2o budget=30% variant=prefill | kivi bits=2")
    #expect(both.storage == .packed)
    #expect(
      both.specification
        == "h2o budget=30% causal=true heavy=64 pos=keep recent=448 variant=prefill | kivi bits=2 group=32 residual=128"
    )
    #expect(try Compressor.of("kivi", ["bits": 2]).specification == Compressor("kivi").specification)
  }

  @Test("every card's defaults and presets are values its own parameters allow", arguments: Compressors.all.map(\.name))
  func cards(_ name: String) throws {
    let card = try #require(Compressors.all.first { $0.name == name })
    _ = try Compressor(name)
    for parameter in card.parameters {
      if let value = parameter.defaultValue { #expect(try parameter.checked(value, method: name) == value) }
      #expect(parameter.defaultValue != nil || parameter.defaultNote != nil, "\(parameter.name)")
      #expect(!parameter.doc.isEmpty)
    }
    for preset in card.presets {
      _ = try Compressor("\(name)/\(preset.name)")
      for (key, value) in preset.values {
        let parameter = try #require(card.parameters.first { $0.name == key })
        #expect(try parameter.checked(value, method: name) == value)
      }
    }
    let isInThePaper = ["kivi", "gear", "streamingllm", "h2o"].contains(name)
    #expect(card.presets.map(\.name).contains("rethinking") == isInThePaper)
  }
}
