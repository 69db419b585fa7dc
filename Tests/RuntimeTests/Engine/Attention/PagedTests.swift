import KernelABI
import Testing

@testable import Runtime

/// Pages: bits, tables, fragmentation, sharing.
struct PagedTests {
  private static let shape = AttentionTests.shapes[1]

  private static func trial(
    _ engine: AttentionEngine, _ compressor: Compressor = .none, memory: EngineMemory? = nil, seed: Int
  ) throws -> AttentionTrial {
    try AttentionTrial(
      compressor, kvHeads: shape.kvHeads, groupHeads: shape.groupHeads, headDim: shape.headDim, element: .float32,
      engine: engine, memory: memory, seed: seed)
  }

  private static let cacheShape = CacheShape(
    layers: 1, kvHeads: shape.kvHeads, groupHeads: shape.groupHeads, headDim: shape.headDim, element: .float32)

  /// Outputs of a prompt in two chunks and of steps behind it.
  private func outputs(_ engine: AttentionEngine, _ compressor: Compressor, memory: EngineMemory? = nil) throws
    -> [[Float]]
  {
    var trial = try Self.trial(engine, compressor, memory: memory, seed: 51)
    var found: [[Float]] = []
    func keep(_ rows: AttentionTrial.Rows, _ tokens: Int) {
      for token in 0..<tokens { for head in 0..<6 { found.append(rows.output(token, head)) } }
    }
    for tokens in [70, 533] {
      let rows = trial.draw(tokens)
      try trial.append(rows, tokens, isLast: false)
      keep(rows, tokens)
    }
    try trial.layer.finishPrefill()
    for _ in 0..<20 {
      let rows = trial.draw(1)
      try trial.stepOnly(rows)
      keep(rows, 1)
      try trial.layer.finishStep()
    }
    return found
  }

  static let compressors = [
    "", "streamingllm sink=64 recent=192", "streamingllm sink=3 recent=50", "h2o heavy=30 recent=31",
    "snapkv budget=90",
  ]

  private static func compressor(_ text: String) throws -> Compressor {
    guard let name = text.split(separator: " ").first else { return .none }
    let given = text.split(separator: " ").dropFirst().map { $0.split(separator: "=") }
    return try .of(String(name), Dictionary(given.map { (String($0[0]), Int($0[1]) ?? 0) }) { first, _ in first })
  }

  @Test(
    "pages give the bits of flash with tiles of a page, whatever the method drops", arguments: compressors, [16, 64])
  func sameBits(_ text: String, _ page: Int) throws {
    let compressor = try Self.compressor(text)
    let flash = try outputs(AttentionEngine(.flash, tileTokens: page), compressor)
    expectBits(try outputs(AttentionEngine(.paged, tileTokens: page), compressor), flash)
  }

  @Test("any order of the pages in the pool gives the same bits", arguments: [1, 2, 3])
  func permutations(_ seed: Int) throws {
    let engine = try AttentionEngine(.paged)
    let memory = EngineMemory(engine, shape: Self.cacheShape)
    let pool = try #require(memory.pages)
    // Pages that go back in another order are handed out in another order.
    var numbers = SeededNumbers(seed)
    var taken = (0..<200).map { _ in pool.take() }
    while !taken.isEmpty { pool.release(taken.remove(at: numbers.int(0...taken.count - 1))) }
    var trial = try Self.trial(engine, memory: memory, seed: 51)
    try trial.append(trial.draw(300), 300, isLast: true)
    let table = try #require(trial.layer.store as? PagedStore).pageNumbers
    #expect(table != table.sorted() && table != table.sorted(by: >))
    expectBits(try outputs(engine, .none, memory: memory), try outputs(engine, .none))
  }

  @Test("100 tokens in pages of 16 are 7 pages with 12 slots unused, 10.7 %, for each head")
  func fragmentation() throws {
    var trial = try Self.trial(AttentionEngine(.paged), seed: 52)
    try trial.append(trial.draw(100), 100, isLast: true)
    let use = try #require(trial.cache.pageUse)
    #expect(use.pages == 7)
    #expect(use.unusedSlots == 12 * Self.shape.kvHeads)
    #expect((use.fragmentation * 1_000).rounded() == 107)
    let bytes = trial.cache.bytes
    #expect(bytes.payload == 100 * Self.cacheShape.tokenBytes)
    #expect(bytes.slack == 12 * Self.cacheShape.tokenBytes)
    #expect(bytes.metadata == 7 * 4)
  }

  @Test("sinks and a window at the pages' borders stay where they are; others are moved and counted")
  func aligned() throws {
    func moved(_ sink: Int, _ recent: Int) throws -> PageUse {
      var trial = try Self.trial(
        AttentionEngine(.paged), .of("streamingllm", ["sink": sink, "recent": recent]), seed: 53)
      try trial.append(trial.draw(800), 800, isLast: true)
      try trial.layer.finishPrefill()
      #expect(trial.holdsItsKeys())
      return try #require(trial.cache.pageUse)
    }
    let aligned = try moved(64, 448)
    #expect(aligned.movedRows == 0 && aligned.pages == 32 && aligned.unusedSlots == 0)
    let other = try moved(60, 448)
    #expect(other.movedRows > 0 && other.pages == 32 && other.unusedSlots == 4 * Self.shape.kvHeads)
  }

  @Test("heads that keep unequal numbers of tokens leave the last pages half empty, and that is counted")
  func ragged() throws {
    var trial = try Self.trial(AttentionEngine(.paged), .of("adakv", ["budget": 90]), seed: 54)
    try trial.append(trial.draw(400), 400, isLast: true)
    try trial.layer.finishPrefill()
    #expect(trial.holdsItsKeys())
    let counts = (0..<Self.shape.kvHeads).map { trial.layer.store.count(head: $0) }
    let use = try #require(trial.cache.pageUse)
    let longest = try #require(counts.max())
    #expect(Set(counts).count > 1)
    #expect(use.pages == (longest + 15) / 16)
    #expect(use.unusedSlots == use.pages * 16 * counts.count - counts.reduce(0, +))
  }

  @Test("pages go back to the pool when tokens leave and when the sequence ends")
  func freed() throws {
    let memory = EngineMemory(try AttentionEngine(.paged), shape: Self.cacheShape)
    let pool = try #require(memory.pages)
    do {
      var trial = try Self.trial(
        memory.engine, .of("streamingllm", ["sink": 16, "recent": 48]), memory: memory, seed: 55)
      try trial.append(trial.draw(320), 320, isLast: true)
      #expect(pool.usedPages == 20)
      try trial.layer.finishPrefill()
      #expect(pool.usedPages == 4)
      for _ in 0..<40 {
        try trial.stepOnly(trial.draw(1))
        try trial.layer.finishStep()
        #expect(pool.usedPages == 4, "one token comes, one leaves")
      }
    }
    #expect(pool.usedPages == 0)
    #expect(pool.peakPages >= 20)
  }

  @Test("a shared prefix is stored once, copied when written, and read by both as if it were their own")
  func sharing() throws {
    let model = try TinyModel(kvHeads: 2, groupHeads: 2).model()
    let trial = try EngineTrial(model)
    let engine = try AttentionEngine(.paged)
    let common = TinyModel().text(40)
    let texts = [common + TinyModel().text(9, seed: 2), common + TinyModel().text(30, seed: 3)]

    func logits(_ text: [Int32], _ steps: [Int32], sharing other: SequenceCache? = nil, on pass: ForwardPass) throws
      -> (cache: SequenceCache, logits: [[Float]])
    {
      let cache = try pass.makeCache(.none)
      if let other { cache.adopt(prefix: 40, of: other) }
      let rest = Array(text.dropFirst(cache.seenTokens))
      try pass.run([.prompt(rest, of: cache, isLast: true)])
      var all = [trial.row(pass.lastRows[0], of: pass)]
      for token in steps {
        try pass.run([.step(token, of: cache)])
        all.append(trial.row(pass.lastRows[0], of: pass))
      }
      return (cache, all)
    }
    let steps = TinyModel().text(20, seed: 4)
    let alone = try texts.map { text -> [[Float]] in
      let pass = trial.pass()
      pass.engine = engine
      return try logits(text, steps, on: pass).logits
    }
    let pass = trial.pass()
    pass.engine = engine
    let pool = try #require(pass.memory.pages)
    var first: SequenceCache? = try logits(texts[0], [], on: pass).cache
    let before = pool.usedPages
    let second = try logits(texts[1], steps, sharing: first, on: pass)
    expectBits(second.logits, alone[1])
    // 40 tokens are two whole pages and half of a third, a layer; the third was copied when the second text was written.
    let own = 2 * ((70 + 20 + 15) / 16)
    #expect(pool.usedPages == before + own - 2 * 2)
    #expect(second.cache.pageUse?.copiedPages == 2)
    // The first goes on as if nothing had happened, though the other has written behind the common tokens.
    if let cache = first {
      var all: [[Float]] = []
      for token in steps {
        try pass.run([.step(token, of: cache)])
        all.append(trial.row(pass.lastRows[0], of: pass))
      }
      expectBits(all, Array(alone[0].dropFirst()))
    }
    first = nil
    #expect(pool.usedPages == own)
  }

  @Test("a batch whose prompts begin alike reads the common part once and answers the same")
  func batch() throws {
    let trial = try EngineTrial(TinyModel().model())
    let common = TinyModel().text(50)
    let requests = (0..<4).map {
      GenerationRequest(sample: "\($0)", prompt: common + TinyModel().text(5 + $0, seed: 60 + $0), maxTokens: 8)
    }
    func tokens(_ attention: AttentionEngine, batch: Int) throws -> (tokens: [String: [Int32]], shared: Int) {
      var found: [String: [Int32]] = [:]
      let engine = trial.engine()
      try engine.run(requests, batch: batch, attention: attention) { found[$0.sample] = $0.tokens }
      return (found, engine.sharedTokens)
    }
    let paged = try AttentionEngine(.paged)
    let together = try tokens(paged, batch: 4)
    let alone = try tokens(paged, batch: 1)
    #expect(together.shared == 3 * 50)
    #expect(alone.shared == 0)
    #expect(together.tokens == alone.tokens)
    #expect(together.tokens == (try tokens(AttentionEngine(.flash, tileTokens: 16), batch: 4)).tokens)
  }

  @Test("equal prompts share all but the last token")
  func equalPrompts() throws {
    let trial = try EngineTrial(TinyModel().model())
    let prompt = TinyModel().text(48)
    let requests = ["a", "b"].map { GenerationRequest(sample: $0, prompt: prompt, maxTokens: 8) }
    var found: [String: [Int32]] = [:]
    let engine = trial.engine()
    try engine.run(requests, batch: 2, attention: AttentionEngine(.paged)) { found[$0.sample] = $0.tokens }
    #expect(engine.sharedTokens == 47)
    #expect(found["a"] == found["b"])
  }
}
