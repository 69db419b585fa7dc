import KernelABI
import Testing

@testable import Runtime

/// What a run will need is said before it begins, and refused if it is not there.
struct MemoryForecastTests {
  static let codecs: [(any Codec)?] = [
    nil, StoreBytesTests.kivi(2), StoreBytesTests.kivi(4, group: 64, residual: 64),
    GearTensorCodec(settings: .init(bits: 4, outlier: 0.02, rank: 0.02, loops: 1, interval: 20, seed: 0)),
    GearGroupCodec(
      settings: .init(bits: 2, outlier: 0.02, rank: 4, rankDecode: 2, loops: 1, interval: 64, group: 64, seed: 0)),
    RotatedStoreTests.codec(3), RotatedStoreTests.codec(4, group: 32),
    SketchCodec(settings: SketchSettings(outliers: 4)),
  ]

  @Test("a layer's forecast is what the store comes to or a little more", arguments: 0..<40)
  func layer(_ seed: Int) {
    var draw = SeededNumbers(seed &+ 900)
    let codec = Self.codecs[seed % Self.codecs.count]
    let shape = CacheShape(layers: 1, kvHeads: draw.int(1...3), groupHeads: 1, headDim: 64)
    var trial = StoreTrial(codec, shape, seed: seed)
    let prompt = draw.int(300...600)
    let steps = draw.int(0...150)
    trial.prefill(prompt)
    trial.decode(steps)
    let held = trial.store.bytes.held
    let foretold = Slots(codec: codec).foretoldLayerBytes(prompt: prompt, tokens: prompt + steps, shape: shape)
    #expect(foretold >= held)
    // Tails at their longest: 128 exact tokens of KIVI, an interval of GEAR.
    #expect(foretold <= held * 5 / 4 + 144 * shape.tokenBytes, "\(foretold) for \(held)")
  }

  static let configurations: [(name: String, integers: [String: Int])] = [
    ("none", [:]), ("h2o", ["budget": 32]), ("streamingllm", ["budget": 32]), ("kivi", ["bits": 2, "residual": 32]),
    ("gear", ["interval": 8]), ("quarot", [:]), ("qjl", ["residual": 32]), ("kvquant", ["bits": 3]),
    ("kvquant", ["bits": 3, "cap": 0]), ("think", [:]),
    ("mikv", [:]), ("gemfilter", ["budget": 128]), ("lazyllm", [:]),
  ]

  @Test("a run's peak stays below its forecast, for every kind of method", arguments: configurations)
  func run(_ row: (name: String, integers: [String: Int])) throws {
    let engine = try EngineTrial(try TinyModel().model(), threads: 1).engine()
    let compressor = row.name == "none" ? .none : try Compressor.of(row.name, row.integers)
    let run = try engine.memory(tokens: 300, batch: 3, steps: 20, compressor)
    let texts = Array(repeating: MemoryForecast.Text(prompt: 280, tokens: 300), count: 3)
    let forecast = engine.forecast(texts, compressor, batch: 3)
    #expect(forecast.cacheBytes >= run.peakBytes)
    #expect(forecast.cacheBytes <= run.peakBytes * 3 / 2 + 40_000, "\(forecast.cacheBytes) for \(run.peakBytes)")
    #expect(run.steady.held <= run.peakBytes)
    #expect(run.uncompressedBytes == 3 * 300 * 2 * 2 * 2 * 32 * 4)
    #expect(try engine.memory(tokens: 300, batch: 3, steps: 20, compressor).steady == run.steady)
  }

  @Test("the longest texts that decode together count, not all")
  func batch() throws {
    let engine = try EngineTrial(try TinyModel().model(), threads: 1).engine()
    let texts = [100, 200, 300, 400].map { MemoryForecast.Text(prompt: $0 / 2, tokens: $0) }
    let token = 2 * 2 * 2 * 32 * 4
    #expect(engine.forecast(texts, .none, batch: 2).cacheBytes == (400 + 304) * token / 16 * 17)
    #expect(engine.forecast(texts, .none, batch: 99).cacheBytes == (400 + 304 + 208 + 112) * token / 16 * 17)
    #expect(engine.forecast(texts, .none, batch: 2).sequences == 2)
    #expect(engine.forecast(texts, .none, batch: 2).longestTokens == 400)
  }

  @Test("a run that would not fit is refused with the numbers, before anything runs; one that fits is not")
  func refusal() throws {
    let engine = try EngineTrial(try TinyModel().model(), threads: 1).engine()
    let needed = engine.forecast([.init(prompt: 200, tokens: 264)], .none, batch: 1).neededBytes
    let request = GenerationRequest(
      sample: "a", prompt: Array(repeating: 1, count: 200), maxTokens: 64, ignoresEnd: true)
    engine.availableBytes = { needed - 1 }
    var problem: RuntimeProblem?
    do {
      try engine.run([request]) { _ in Issue.record("it ran") }
    } catch let found as RuntimeProblem {
      problem = found
    }
    let found = try #require(problem)
    #expect(found.code == "K607")
    #expect(found.seen.hasPrefix("1 sequence of up to 264 tokens would need "))
    #expect(found.suggestion?.contains("batch=") == true)
    #expect(throws: RuntimeProblem.self) { try engine.time(.prefill(tokens: 264, batch: 1)) }
    #expect(throws: RuntimeProblem.self) { try engine.memory(tokens: 264, batch: 1, steps: 64) }
    #expect(throws: RuntimeProblem.self) {
      try engine.perplexity(of: Array(repeating: 1, count: 400), window: 400, stride: 400)
    }
    for available in [needed, nil] {
      engine.availableBytes = { available }
      var finished = 0
      try engine.run([request]) { _ in finished += 1 }
      #expect(finished == 1)
    }
  }

  @Test("a need that no number holds is refused like any other, alone and together with others")
  func overflow() {
    let huge = MemoryForecast(cacheBytes: .max - 10, workBytes: 100, sequences: 1, longestTokens: 9)
    for forecast in [huge, MemoryForecast(together: [huge, huge])] {
      #expect(forecast.neededBytes == .max)
      #expect(throws: RuntimeProblem.self) { try forecast.check(availableBytes: 1 << 40) }
    }
    let small = MemoryForecast(cacheBytes: 30, workBytes: 12, sequences: 2, longestTokens: 5)
    let both = MemoryForecast(together: [small, small])
    #expect(both == MemoryForecast(cacheBytes: 60, workBytes: 24, sequences: 4, longestTokens: 5))
    #expect(throws: Never.self) { try both.check(availableBytes: 84) }
  }

  @Test("what is available is the machine's, and no more than the control group's")
  func available() {
    let machine = "MemTotal:       24683520 kB\nMemAvailable:    1000 kB\nBuffers: 3 kB\n"
    func available(_ limit: String?, _ current: String?, _ statistics: String? = nil) -> Int? {
      SystemMemory.available(memoryInformation: machine, limit: limit, current: current, statistics: statistics)
    }
    #expect(available(nil, nil) == 1_024_000)
    #expect(available("max\n", "77\n") == 1_024_000)
    #expect(available("500000\n", "100000\n") == 400_000)
    #expect(available("500000\n", "100000\n", "anon 5\ninactive_file 40000\n") == 440_000)
    #expect(available("500000\n", "900000\n") == 0)
    #expect(available("9000000\n", "0\n") == 1_024_000)
    #expect(SystemMemory.available(memoryInformation: nil, limit: nil, current: nil, statistics: nil) == nil)
  }

  @Test("a file's resident bytes are those of all its mappings and of no other")
  func mappings() {
    let text = """
      7f00-7f10 r--p 00000000 08:01 42    /models/a b.gguf
      Size:                 64 kB
      Rss:                  12 kB
      7f10-7f20 r--p 00010000 08:01 42    /models/a b.gguf
      Rss:                   8 kB
      7f20-7f30 r--p 00000000 08:01 43    /models/b.gguf
      Rss:                 100 kB
      7f30-7f40 rw-p 00000000 00:00 0
      Rss:                   1 kB
      """
    #expect(ProcessMemory.residentBytes(ofFile: "/models/a b.gguf", smaps: text) == 20 * 1024)
    #expect(ProcessMemory.residentBytes(ofFile: "/models/c.gguf", smaps: text) == 0)
  }
}
