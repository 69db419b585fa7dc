import Testing

@testable import Runtime

/// A copied cache is as good as one that has read the text itself.
struct SequenceCacheCopyTests {
  private static let text = PromiseTests.tiny.text(120, seed: 41)
  private static let prompt = Array(text[..<90])

  private static func engine(_ kind: AttentionEngine.Kind, _ compressor: Compressor) throws -> BatchEngine? {
    let engine = try EngineTrial(PromiseTests.model.get(), threads: 1).engine()
    // What an engine refuses is the business of the engines' own tests.
    guard (try? engine.check(AttentionEngine(kind), compressor)) != nil else { return nil }
    try engine.use(AttentionEngine(kind), for: compressor)
    return engine
  }

  private static func filled(_ compressor: Compressor, _ engine: BatchEngine) throws -> SequenceCache {
    let cache = try engine.pass.makeCache(compressor)
    _ = try engine.fill(cache, with: prompt, nil)
    return cache
  }

  /// Nil if the configuration cannot be copied.
  private static func copy(_ cache: SequenceCache, _ engine: BatchEngine) throws -> SequenceCache? {
    let copy = try engine.pass.makeCache(cache.compressor)
    return copy.copy(cache) ? copy : nil
  }

  private struct Course: Equatable {
    var logits: [[UInt32]] = []
    var bytes: [ByteCount] = []
    var positions: [[Int32]] = []
    var peakBytes = 0
    var readBytes = 0
    var keptTokens = 0
  }

  /// What becomes of a filled cache when the text goes on.
  private static func course(_ cache: SequenceCache, _ engine: BatchEngine) throws -> Course {
    var course = Course(bytes: [cache.bytes])
    for token in text[90...] {
      try engine.pass.run([.step(token, of: cache)])
      let logits = engine.pass.logits(rows: engine.pass.lastRows)
      course.logits.append((0..<engine.model.configuration.vocabulary).map { logits[$0].bitPattern })
      course.bytes.append(cache.bytes)
      course.positions.append(cache.positions(layer: 1, head: 1))
    }
    course.peakBytes = cache.peakBytes
    course.readBytes = cache.readBytes
    course.keptTokens = cache.keptTokens
    return course
  }

  @Test(
    "a copy goes on like a cache that has read the text, bit for bit, and what one does is nothing to the other",
    arguments: PromiseTests.configurations.indices, AttentionEngine.Kind.allCases)
  func goesOn(_ index: Int, _ kind: AttentionEngine.Kind) throws {
    let compressor = try PromiseTests.compressor(index)
    guard let engine = try Self.engine(kind, compressor) else { return }
    let original = try Self.filled(compressor, engine)
    guard let copy = try Self.copy(original, engine), let second = try Self.copy(original, engine) else { return }
    let expected = try Self.course(Self.filled(compressor, engine), engine)
    #expect(try Self.course(copy, engine) == expected)
    #expect(try Self.course(original, engine) == expected)
    #expect(try Self.course(second, engine) == expected)
  }

  @Test("exact caches are copied on every engine, with methods that drop tokens too; packed ones are filled again")
  func kinds() throws {
    func isCopied(_ compressor: Compressor, _ kind: AttentionEngine.Kind) throws -> Bool? {
      guard let engine = try Self.engine(kind, compressor) else { return nil }
      return try Self.copy(Self.filled(compressor, engine), engine) != nil
    }
    for kind in AttentionEngine.Kind.allCases {
      for compressor in [
        .none, try Compressor.of("streamingllm", ["sink": 4, "recent": 20]),
        try .of("h2o", ["heavy": 8, "recent": 12]), try .of("snapkv", ["budget": 24, "window": 6, "kernel": 3]),
      ] {
        #expect(try isCopied(compressor, kind) == true, "\(compressor.label) on \(kind)")
      }
    }
    for compressor in [try Compressor.of("kivi", ["bits": 2, "group": 32, "residual": 32]), try .of("gear")] {
      #expect(try isCopied(compressor, .fused) == false, "\(compressor.label)")
    }
  }

  @Test("only a new cache takes over another's tokens")
  func newOnly() throws {
    let engine = try #require(try Self.engine(.fused, .none))
    let cache = try Self.filled(.none, engine)
    #expect(try !Self.filled(.none, engine).copy(cache))
    try engine.pass.run([.step(Self.text[90], of: cache)])
    #expect(try Self.copy(cache, engine) == nil)
  }
}
