import Testing

@testable import Runtime

/// What holds for every method, whatever it does: each of `Compressors.all` in a configuration that acts within a few
/// tokens. `PromiseTests`, `LosslessTests` and `NotFiniteTests` hold the same configurations to their promises.
struct MethodInvariantTests {
  static let indices = Array(PromiseTests.configurations.indices)

  @Test(
    "every method is among the configurations that the promises are tried on", arguments: Compressors.all.map(\.name))
  func isTried(_ name: String) {
    #expect(PromiseTests.configurations.contains { $0.name == name })
  }

  static func rows(
    _ tiny: TinyModel, _ compressor: Compressor, _ prompts: [Int], batch: Int = 1, chunk: Int = 2_048
  ) throws -> [String: Generation] {
    let requests = prompts.map { length in
      GenerationRequest(sample: "\(length)", prompt: tiny.text(length, seed: length), maxTokens: 12, ignoresEnd: true)
    }
    return try EngineTrial(tiny.model(.mixed), threads: 2).generate(
      requests, compressor, sampling: Sampling(temperature: 1, seed: 3), batch: batch, chunkTokens: chunk)
  }

  @Test("groups of 1, 3 and 8 query heads run, alone and in a batch alike", arguments: indices, [1, 3, 8])
  func groups(_ index: Int, _ groupHeads: Int) throws {
    let tiny = TinyModel(
      kvHeads: 2, groupHeads: groupHeads, headDim: 32, hidden: 64, isQuantised: true, seed: 40 + groupHeads)
    let compressor = try PromiseTests.compressor(index)
    let prompts = [1, 2, 5, 33, 70]
    let alone = PromiseTests.rows(try Self.rows(tiny, compressor, prompts))
    #expect(alone.values.allSatisfy { $0.tokens.count == 12 })
    #expect(PromiseTests.rows(try Self.rows(tiny, compressor, prompts, batch: 5)) == alone)
  }

  @Test("one token and texts shorter than every window give the baseline's first token", arguments: indices)
  func shortPrompts(_ index: Int) throws {
    let compressor = try PromiseTests.compressor(index)
    // A share of two tokens is one: what reaches the last layer is another text.
    if compressor.leavesPromptTokensOut { return }
    let plain = try Self.rows(PromiseTests.tiny, .none, [1, 2, 3])
    let found = try Self.rows(PromiseTests.tiny, compressor, [1, 2, 3])
    for (sample, row) in plain { #expect(found[sample]?.tokens.first == row.tokens.first, "\(sample) tokens") }
  }

  @Test("an empty prompt is refused with the engine's own sentence", arguments: indices)
  func emptyPrompt(_ index: Int) throws {
    let compressor = try PromiseTests.compressor(index)
    do {
      _ = try Self.rows(PromiseTests.tiny, compressor, [0])
      Issue.record("an empty prompt ran")
    } catch { #expect((error as? RuntimeProblem)?.code == "K603") }
  }

  @Test("a prompt of 8,000 tokens runs and stays within its forecast", arguments: indices)
  func longPrompt(_ index: Int) throws {
    let tiny = TinyModel(kvHeads: 2, groupHeads: 2, headDim: 32, contextTokens: 8_192, isQuantised: true, seed: 12)
    let compressor = try PromiseTests.compressor(index)
    let found = try Self.rows(tiny, compressor, [8_000])
    let row = try #require(found["8000"])
    #expect(row.tokens.count == 12)
    let forecast = try EngineTrial(tiny.model(.mixed), threads: 1).engine()
      .forecast([.init(prompt: 8_000, tokens: 8_012)], compressor, batch: 1)
    #expect(forecast.cacheBytes >= row.peakCacheBytes)
  }

  @Test("tokens that a keep policy protects are never dropped", arguments: indices)
  func protected(_ index: Int) throws {
    let compressor = try PromiseTests.compressor(index)
    guard let policy = compressor.slots.keep as? ScoredTokens else { return }
    let text = PromiseTests.tiny.text(90, seed: 8)
    let trial = try EngineTrial(PromiseTests.model.get(), threads: 1)
    let pass = trial.pass()
    let (cache, _) = try trial.prefill(Array(text[..<70]), compressor, on: pass)
    for seen in 70..<90 {
      let guarded = policy.guarded
      for layer in cache.layers.indices {
        for head in 0..<2 {
          let held = Set(cache.positions(layer: layer, head: head).map(Int.init))
          // Without an eviction at every step the window is the prompt's.
          let newest = policy.removesWhileDecoding ? seen : 70
          #expect(held.isSuperset(of: 0..<min(guarded.sink, seen)))
          #expect(held.isSuperset(of: max(0, newest - guarded.recent)..<newest))
        }
      }
      try pass.run([.step(text[seen], of: cache)])
    }
  }

  /// A value within a parameter's range, small ones more often: those act on a short text.
  static func draw(_ kind: ParameterCard.Kind, _ numbers: inout SeededNumbers) -> ParameterValue {
    func whole(_ range: ClosedRange<Int>) -> Int {
      let reach = [4, 40, 400, Int.max].randomElement(using: &numbers) ?? 4
      let most = range.lowerBound.addingReportingOverflow(reach)
      return Int.random(
        in: range.lowerBound...min(range.upperBound, most.overflow ? Int.max : most.partialValue), using: &numbers)
    }
    switch kind {
    case .int(let range): return .int(whole(range))
    case .oneOf(let allowed): return .int(allowed.randomElement(using: &numbers) ?? 0)
    case .float(let range): return .float(Double.random(in: range, using: &numbers))
    case .bool: return .bool(Bool.random(using: &numbers))
    case .word(let words): return .word(words.randomElement(using: &numbers) ?? "")
    case .budget(let least):
      switch Int.random(in: 0...2, using: &numbers) {
      case 0: return .budget(.tokens(whole(least...4_096)))
      case 1: return .budget(.share(Double.random(in: 0.01...1, using: &numbers)))
      default: return .budget(.bytes(whole(1...1_000_000)))
      }
    case .text: return .text(NamedText(path: "none.txt", content: "", digest: ""))
    case .shares: return .int(0)
    }
  }

  @Test(
    "random parameters within their ranges run or are refused with a sentence, and never trap",
    arguments: Compressors.all.map(\.name))
  func randomParameters(_ name: String) throws {
    let card = try #require(Compressors.all.first { $0.name == name })
    var numbers = SeededNumbers(name.utf8.reduce(0) { $0 &* 31 &+ Int($1) })
    var ran = 0
    // Most draws of a method whose parameters must divide each other are refused: enough of them to see some run.
    for draw in 0..<2_000 where ran < 12 {
      var given: [String: ParameterValue] = [:]
      for parameter in card.parameters where Int.random(in: 0...2, using: &numbers) < 1 + draw % 2 {
        given[parameter.name] = Self.draw(parameter.kind, &numbers)
      }
      do {
        let compressor = try Compressor(name, given)
        let length = [1, 7, 40, 90].randomElement(using: &numbers) ?? 7
        let rows = try Self.rows(PromiseTests.tiny, compressor, [length], chunk: 32)
        #expect(rows.values.allSatisfy { $0.tokens.count == 12 })
        ran += 1
      } catch let problem as RuntimeProblem {
        #expect(["K302", "K303", "K304", "K305", "K306", "K607"].contains(problem.code), "\(problem)")
      }
    }
    #expect(ran >= 5, "\(ran) ran")
  }
}
