import Foundation
import Testing

@testable import Runtime

/// Every family from a folder and from a GGUF file against the transformers library.
struct FamilyTests {
  /// The worst difference of logits at all positions, of their sums of exponentials, and of the last position.
  private func worst(_ model: Model, _ record: FamilyFixtures.Record, chunk: Int = .max) throws -> Double {
    let trial = try EngineTrial(model)
    let pass = trial.pass()
    let cache = try pass.makeCache(.none)
    var worst = 0.0
    var start = 0
    while start < record.prompt.count {
      let end = min(record.prompt.count, start + min(chunk, record.prompt.count))
      try pass.run([.prompt(Array(record.prompt[start..<end]), of: cache, isLast: end == record.prompt.count)])
      for position in start..<end {
        let row = trial.row(position - start, of: pass)
        let some = stride(from: 0, to: row.count, by: FamilyFixtures.stride).map { row[$0] }
        worst = max(worst, largestDifference(some, record.logits[position]))
        let maximum = Double(row.max() ?? 0)
        let total = maximum + log(row.reduce(0) { $0 + exp(Double($1) - maximum) })
        worst = max(worst, abs(total - record.totals[position]))
        if position == record.prompt.count - 1 { worst = max(worst, largestDifference(row, record.last)) }
      }
      start = end
    }
    return worst
  }

  private func greedy(_ model: Model, _ record: FamilyFixtures.Record, _ compressor: Compressor = .none) throws
    -> [Int32]
  {
    let request = GenerationRequest(
      sample: "a", prompt: record.prompt, maxTokens: record.greedy.count, ignoresEnd: true)
    return try EngineTrial(model).generate([request], compressor)["a"]?.tokens ?? []
  }

  @Test(
    "single precision is within 1e-4 of transformers at every position, and continues with the same tokens",
    arguments: FamilyFixtures.families, FamilyFixtures.Container.allCases)
  func families(_ family: String, _ container: FamilyFixtures.Container) throws {
    let record = try FamilyFixtures.record(family)
    let model = try FamilyFixtures.model(family, container)
    let difference = try worst(model, record)
    #expect(difference < 1e-4)
    #expect(record.gap > 1e-3)
    #expect(try greedy(model, record) == record.greedy)
    #expect(try worst(model, record, chunk: 16) < 1e-4)
    #expect(try worst(model, record, chunk: 7) < 1e-4)
  }

  @Test("other settings of a config.json are within 1e-4 too", arguments: FamilyFixtures.variants)
  func variants(_ name: String) throws {
    let record = try FamilyFixtures.record(name)
    let model = try FamilyFixtures.model(name)
    let difference = try worst(model, record)
    #expect(difference < 1e-4)
    #expect(try greedy(model, record) == record.greedy)
    // The change is one that counts.
    #expect(try worst(FamilyFixtures.model(record.base), record) > 0.01)
  }

  @Test("weights of both containers are the same bits in single precision", arguments: FamilyFixtures.families)
  func containers(_ family: String) throws {
    let record = try FamilyFixtures.record(family)
    func logits(_ container: FamilyFixtures.Container) throws -> [Float] {
      try EngineTrial(FamilyFixtures.model(family, container)).logits(record.prompt, then: [])[0]
    }
    // Channels of Llama's heads lie in another order in GGUF, so sums differ in their last bits.
    #expect(largestDifference(try logits(.folder), try logits(.gguf)) < 2e-5)
  }

  @Test(
    "the default precision stays near single precision", arguments: FamilyFixtures.families,
    FamilyFixtures.Container.allCases)
  func mixed(_ family: String, _ container: FamilyFixtures.Container) throws {
    let record = try FamilyFixtures.record(family)
    let difference = try worst(FamilyFixtures.model(family, container, .mixed), record)
    // A folder's weights are multiplied in floats, only the cache is of half precision; Q8_0 rounds activations too.
    #expect(difference < (container == .folder ? 0.02 : 0.4))
    #expect(difference > 0)
  }

  @Test("steps one by one equal the prompt at once", arguments: FamilyFixtures.families + FamilyFixtures.variants)
  func steps(_ name: String) throws {
    let record = try FamilyFixtures.record(name)
    let found = try EngineTrial(FamilyFixtures.model(name)).logits(
      Array(record.prompt[..<5]), then: Array(record.prompt[5...]))
    for (index, row) in found.enumerated() {
      let some = stride(from: 0, to: row.count, by: FamilyFixtures.stride).map { row[$0] }
      #expect(largestDifference(some, record.logits[4 + index]) < 1e-4, "position \(4 + index)")
    }
  }

  @Test(
    "rows are the same for batches of 1, 3 and 8 and for 1 and 2 threads, with windows and norms of heads",
    arguments: ["mistral", "qwen3", "qwen2-window", "phi3"])
  func batches(_ name: String) throws {
    let model = try FamilyFixtures.model(name, .folder, .mixed)
    let requests = (0..<9).map { index in
      GenerationRequest(
        sample: "s\(index)", prompt: (0..<(1 + index * 7)).map { Int32(($0 * 37 + index * 11) % 250) },
        maxTokens: min(10, 62 - index * 7), ignoresEnd: true)
    }
    for compressor in [Compressor.none, try .of("h2o", ["heavy": 8, "recent": 12])] {
      func rows(_ batch: Int, _ threads: Int, chunk: Int = 2_048) throws -> [String: [Int32]] {
        try EngineTrial(model, threads: threads).generate(
          requests, compressor, sampling: Sampling(temperature: 1, seed: 5), batch: batch, chunkTokens: chunk
        ).mapValues(\.tokens)
      }
      let alone = try rows(1, 1)
      #expect(alone.count == 9)
      for (batch, threads) in [(3, 1), (8, 1), (1, 2), (8, 2)] { #expect(try rows(batch, threads) == alone) }
      #expect(try rows(3, 2, chunk: 16) == alone)
    }
  }

  @Test(
    "every method runs on every family; one that drops nothing yet gives the baseline's tokens",
    arguments: FamilyFixtures.families + ["qwen2-window", "qwen3-window"], FamilyFixtures.Container.allCases)
  func methods(_ name: String, _ container: FamilyFixtures.Container) throws {
    guard container == .folder || FamilyFixtures.families.contains(name) else { return }
    let record = try FamilyFixtures.record(name)
    let model = try FamilyFixtures.model(name, container, .mixed)
    for compressor in [
      try Compressor.of("kivi", ["bits": 4, "group": 32, "residual": 32]),
      try .of("h2o", ["heavy": 8, "recent": 8]),
      try .of("h2o", ["heavy": 8, "recent": 8], words: ["variant": "prefill"]),
      try .of("streamingllm", ["sink": 2, "recent": 12]),
      try .of("streamingllm", ["sink": 2, "recent": 12], words: ["prefill": "stream"]),
      try .of("gear", ["bits": 4, "interval": 7]),
    ] {
      #expect(try greedy(model, record, compressor).count == record.greedy.count, "\(compressor.label)")
    }
    let baseline = try greedy(model, record)
    #expect(try greedy(model, record, .of("streamingllm", ["sink": 4, "recent": 100])) == baseline)
    #expect(try greedy(model, record, .of("kivi", ["bits": 2, "group": 32, "residual": 128])) == baseline)
  }

  @Test("LongRoPE runs to the original context and not beyond, with the attention factor of the stretched one")
  func longRope() throws {
    let model = try FamilyFixtures.model("phi3")
    #expect(model.configuration.contextTokens == 64)
    #expect(abs(model.rotary.scale - (1 + log(Float(4)) / log(Float(64))).squareRoot()) < 1e-6)
    #expect(model.configuration.rotaryDim == 16 && model.configuration.headDim == 32)
    #expect(model.configuration.windows == [23, 23])
    #expect(try FamilyFixtures.model("qwen2-window").configuration.windows == [nil, 11])
    #expect(try FamilyFixtures.model("qwen3-window").configuration.windows == [9, nil])
    #expect(try FamilyFixtures.model("qwen2").configuration.windows.isEmpty)
  }
}
