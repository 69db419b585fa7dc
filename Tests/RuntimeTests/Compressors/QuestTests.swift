import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The checks and pitfalls of sheet quest.
struct QuestTests {
  static let kernels = InstructionSet.available.map(\.table)

  static func bounds(_ keys: [[Float]], page: Int, element: FloatElement = .float32) -> PageBounds {
    let bounds = PageBounds(page: page, headDim: keys[0].count, element: element)
    bounds.append(keys.flatMap { $0 }, stride: keys[0].count, tokens: keys.count)
    return bounds
  }

  static func scores(_ bounds: PageBounds, _ query: [Float], _ kernels: KernelTable = InstructionSet.base.table)
    -> [Float]
  {
    var found: [Float] = []
    bounds.scores(query, rows: 1, kernels) { scores, _ in found = (0..<bounds.pages).map { scores[$0] } }
    return found
  }

  @Test("the worked example: page 0 scores 4 and page 1 scores 0, never below a product of theirs")
  func worked() {
    let bounds = Self.bounds([[1, 3], [2, -1], [-1, 0], [0, 4]], page: 2)
    #expect(bounds.bounds(page: 0).smallest == [1, -1] && bounds.bounds(page: 0).largest == [2, 3])
    #expect(bounds.bounds(page: 1).smallest == [-1, 0] && bounds.bounds(page: 1).largest == [0, 4])
    for kernels in Self.kernels { #expect(Self.scores(bounds, [1, -2], kernels) == [4, 0]) }
  }

  @Test("a channel of a query that is 0 adds 0, whatever the page holds")
  func zeroChannels() {
    let bounds = Self.bounds([[60_000, 1], [-60_000, 2], [5, 5]], page: 2, element: .float16)
    #expect(Self.scores(bounds, [0, 1]) == [2, 5])
    #expect(Self.scores(bounds, [-0.0, -1]) == [-1, -5])
    #expect(Self.scores(bounds, [0, 0]) == [0, 0])
  }

  @Test(
    "every bound is at least the largest product of its page, and a page of one token is the product to the bit",
    arguments: [FloatElement.float32, .float16])
  func upperBound(_ element: FloatElement) {
    var numbers = SeededNumbers(4)
    let keys = (0..<205).map { _ in numbers.numbers(64).map { element == .float16 ? Half.round($0) : $0 } }
    let query = numbers.numbers(64)
    for kernels in Self.kernels {
      let exact = ExactKeysTrial.scores(keys, query, element, kernels)
      #expect(
        Self.scores(Self.bounds(keys, page: 1, element: element), query, kernels).map(\.bitPattern)
          == exact.map(\.bitPattern))
      for page in [8, 16, 64] {
        let found = Self.scores(Self.bounds(keys, page: page, element: element), query, kernels)
        #expect(found.count == (205 + page - 1) / page)
        for (index, bound) in found.enumerated() {
          let largest = exact[index * page..<min(205, (index + 1) * page)].max() ?? 0
          #expect(bound >= largest - 1e-4 * abs(largest))
        }
      }
    }
  }

  @Test("bounds of the page that is being filled are those of the tokens it has, after every append")
  func openPage() {
    var numbers = SeededNumbers(5)
    let keys = (0..<70).map { _ in numbers.numbers(32) }
    let bounds = PageBounds(page: 16, headDim: 32, element: .float32)
    var appended = 0
    for count in [1, 1, 14, 3, 29, 1, 21] {
      bounds.append(keys[appended..<appended + count].flatMap { $0 }, stride: 32, tokens: count)
      appended += count
      #expect(bounds.pages == (appended + 15) / 16)
      for page in 0..<bounds.pages {
        let tokens = keys[page * 16..<min(appended, (page + 1) * 16)]
        let found = bounds.bounds(page: page)
        #expect(found.largest == (0..<32).map { channel in tokens.map { $0[channel] }.max() })
        #expect(found.smallest == (0..<32).map { channel in tokens.map { $0[channel] }.min() })
      }
    }
  }

  @Test("pages read: floor(budget / page) but three at least, all of them once the budget covers the tokens")
  func pageCounts() throws {
    let shape = CacheShape(layers: 3, kvHeads: 1, groupHeads: 1, headDim: 64)
    func pages(_ budget: ParameterValue, _ tokens: Int, page: Int = 16) throws -> Int {
      let selector = try #require(
        try Compressor("quest", ["budget": budget, "page": .int(page)]).slots.select as? PageSelection)
      return selector.pages(tokens: tokens, shape: shape)
    }
    #expect(try pages(.int(512), 4_096) == 32)
    #expect(try pages(.int(63), 4_096) == 3)
    #expect(try pages(.int(48), 4_096) == 3)
    #expect(try pages(.budget(.share(0.001)), 4_096) == 3)
    #expect(try pages(.budget(.share(0.25)), 4_096) == 64)
    #expect(try pages(.int(100), 100) == 7)
    #expect(try pages(.int(100), 101) == 6)
    #expect(try pages(.int(48), 40) == 3)
    // 3 layers x 256 bytes a token and layer: 1 MiB is 1,365 tokens.
    #expect(try pages(.budget(.bytes(1 << 20)), 4_096) == 85)
  }

  /// The pages that each query row of a head reads.
  private func chosen(
    _ given: [String: ParameterValue], keys: [[Float]], queries: [[Float]]
  ) throws -> [[Int]]? {
    let width = keys[0].count
    let shape = CacheShape(layers: 3, kvHeads: 1, groupHeads: queries.count, headDim: width, element: .float32)
    let selector = try #require(try Compressor("quest", given).slots.select)
    let state = try #require(selector.makeState(shape: shape, layer: 2, kernels: InstructionSet.base.table))
    state.append(head: 0, keys: keys.flatMap { $0 }, stride: width, tokens: keys.count)
    let page = try #require(selector as? PageSelection).page
    let words = AlignedBuffer<UInt32>(count: StepReading.scratch(tokens: keys.count, rows: queries.count))
    let selection = SlotSelection(words.base, rows: queries.count, tokens: keys.count)
    guard state.select(head: 0, queries: queries.flatMap { $0 }, into: selection) != nil else { return nil }
    return queries.indices.map { row in
      let slots = (0..<keys.count).filter {
        selection.words[row * selection.stride + $0 / 32] >> UInt32($0 % 32) & 1 == 1
      }
      let pages = Set(slots.map { $0 / page }).sorted()
      #expect(slots == pages.flatMap { Array($0 * page..<min(keys.count, ($0 + 1) * page)) })
      return pages
    }
  }

  @Test("the best pages are read, each query head's own or one list a KV head; ties go to the first")
  func choice() throws {
    // One number a page of 8: query 1 ranks pages by it, query -1 the other way round.
    let levels: [Float] = [5, 1, 9, 9, 2, 9, 7, 9, 3, 3]
    let keys = levels.flatMap { level in (0..<8).map { _ in [level] + [Float](repeating: 0, count: 15) } }
    let up = [Float(1)] + [Float](repeating: 0, count: 15)
    let down = up.map { -$0 }
    let base: [String: ParameterValue] = ["budget": .int(24), "page": .int(8)]
    #expect(try chosen(base, keys: keys, queries: [up, down]) == [[2, 3, 5], [1, 4, 8]])
    #expect(
      try chosen(base.merging(["pin_last": .bool(true)]) { $1 }, keys: keys, queries: [up, down]) == [
        [2, 3, 9], [1, 4, 9],
      ])
    #expect(
      try chosen(base.merging(["gqa": .word("max")]) { $1 }, keys: keys, queries: [up, down]) == [
        [2, 3, 5], [2, 3, 5],
      ])
    // The newest page, of one token, competes like any other.
    let newest = keys + [[20] + [Float](repeating: 0, count: 15)]
    #expect(try chosen(base, keys: newest, queries: [up]) == [[2, 3, 10]])
    #expect(try chosen(base, keys: Array(keys.prefix(24)), queries: [up]) == nil)
  }

  @Test("the sheet's bytes: 816 a token and layer held, 589,824 read of a layer of 4,096 tokens at a budget of 512")
  func bytes() throws {
    let compressor = try Compressor(
      "quest", ["budget": .int(512), "skip": .int(0), "gqa": .word("max")])
    var trial = try AttentionTrial(compressor, kvHeads: 3, groupHeads: 3, headDim: 64, element: .float16, seed: 6)
    try trial.append(trial.draw(4_095), 4_095, isLast: true)
    try trial.layer.finishPrefill()
    try trial.stepOnly(trial.draw(1))
    try trial.layer.finishStep()
    #expect(trial.layer.bytes.counted == 3_342_336)
    #expect(trial.layer.bytes.payload == 3_145_728 && trial.layer.bytes.metadata == 196_608)
    #expect(trial.layer.readBytes == 589_824)
    #expect(trial.layer.store.readBytes == 3_145_728)
  }

  @Test("bytes read are those of the distinct pages of a group, of whole blocks where the store packs")
  func readBytes() throws {
    for codec in [nil, StoreBytesTests.kivi(4, residual: 32)] as [(any Codec)?] {
      let quest = try Compressor("quest", ["budget": .int(64), "skip": .int(0)])
      var slots = quest.slots
      slots.codec = codec
      var trial = try AttentionTrial(
        Compressor(stages: [], slots: slots), kvHeads: 1, groupHeads: 3, headDim: 64, element: .float16, seed: 7)
      try trial.append(trial.draw(639), 639, isLast: true)
      try trial.layer.finishPrefill()
      try trial.stepOnly(trial.draw(1))
      let read = trial.layer.readBytes - 40 * 2 * 64 * 2
      let block = codec == nil ? 16 * 2 * 64 * 2 : 32 * 64 + 4 * 64 + 32 * 2 * 4
      // 3 query heads of 4 pages: between 4 and 12 of the 40 pages, or of the 20 blocks, the last of which is exact.
      if codec == nil {
        #expect(read % block == 0 && read >= 4 * block && read <= 12 * block)
      } else {
        #expect(read >= 2 * block && read <= 12 * block + 32 * 2 * 64 * 2)
      }
    }
  }

  static let tiny = TinyModel(
    layers: 4, kvHeads: 2, groupHeads: 3, headDim: 32, contextTokens: 1_024, isQuantised: true, seed: 72)
  static let model = Result { try tiny.model(.mixed) }

  @Test(
    "a budget of all tokens, and a text of three pages, give the baseline's bits and bytes",
    arguments: [(1, 1_000), (30, 48), (560, 600), (27, 48)], ["query", "max"])
  func lossless(_ row: (prompt: Int, budget: Int), _ gqa: String) throws {
    let text = Self.tiny.text(row.prompt + 18)
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let prompt = Array(text[..<row.prompt])
    let baseline = try trial.logits(prompt, then: Array(text[row.prompt...]))
    let quest = try Compressor.of("quest", ["budget": row.budget, "skip": 0], words: ["gqa": gqa])
    expectBits(try trial.logits(prompt, then: Array(text[row.prompt...]), quest), baseline)
    let request = [GenerationRequest(sample: "a", prompt: prompt, maxTokens: 18, ignoresEnd: true)]
    let (found, expected) = (try trial.generate(request, quest)["a"], try trial.generate(request)["a"])
    #expect(found?.readBytesPerStep == expected?.readBytesPerStep)
    #expect(found?.tokens == expected?.tokens)
    #expect((found?.cacheBytes.metadata ?? 0) > 0)
  }

  @Test("the first layers are always dense, by their real index: their keys and values read whole")
  func skippedLayers() throws {
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let pass = trial.pass()
    let text = Self.tiny.text(400)
    let (cache, _) = try trial.prefill(
      Array(text[..<399]), .of("quest", ["budget": 48, "skip": 2]), on: pass)
    try pass.run([.step(text[399], of: cache)])
    for layer in cache.layers {
      #expect((layer.select == nil) == (layer.layer < 2))
      #expect((layer.readBytes == layer.store.readBytes) == (layer.layer < 2))
    }
    #expect(cache.readBytes == cache.layers.reduce(0) { $0 + $1.readBytes })
  }

  @Test("a selection changes the answer, and the prompt's logits never")
  func selects() throws {
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let text = Self.tiny.text(320)
    let baseline = try trial.logits(Array(text[..<300]), then: Array(text[300...]))
    for given in [["skip": 0], ["skip": 3], ["page": 8], ["page": 20]] {
      let quest = try Compressor.of("quest", ["budget": 64].merging(given) { $1 })
      let found = try trial.logits(Array(text[..<300]), then: Array(text[300...]), quest)
      expectBits([found[0]], [baseline[0]])
      expectBits([found[20]], [baseline[20]], areEqual: false)
    }
  }

  @Test(
    "over a cache that has dropped some of its prompt, pages bound the keys that are left", arguments: [false, true])
  func afterKeeping(_ isPacked: Bool) throws {
    var compressor = try Compressor.of("h2o", ["heavy": 40, "recent": 60], words: ["variant": "prefill"])
      .composed(with: .of("quest", ["budget": 48, "skip": 0]))
    if isPacked { compressor = try compressor.composed(with: .of("kivi", ["residual": 32])) }
    var trial = try AttentionTrial(compressor, kvHeads: 2, groupHeads: 2, headDim: 32, element: .float32, seed: 9)
    try trial.append(trial.draw(170), 170, isLast: true)
    try trial.layer.finishPrefill()
    try trial.stepOnly(trial.draw(1))
    try trial.layer.finishStep()
    let state = try #require(trial.layer.select)
    #expect(state.bytes.metadata == 2 * 7 * 2 * 32 * 4)
    #expect(trial.layer.positions(head: 0).count == 101)
    for head in 0..<2 {
      // A query along one channel finds the page of the largest kept key in it.
      for channel in [0, 9, 31] {
        var query = [Float](repeating: 0, count: 64)
        query[channel] = 1
        query[32 + channel] = -1
        let words = AlignedBuffer<UInt32>(count: 64)
        let selection = SlotSelection(words.base, rows: 2, tokens: 101)
        #expect(state.select(head: head, queries: query, into: selection) == 7 * 2 * 32 * 4)
        let kept = trial.layer.positions(head: head).map { trial.keys[head][Int($0)][channel] }
        for (row, sign) in [(0, Float(1)), (1, -1)] {
          let best = try #require(kept.indices.max { kept[$0] * sign < kept[$1] * sign })
          #expect(selection.words[row * selection.stride + best / 32] >> UInt32(best % 32) & 1 == 1)
        }
      }
    }
  }

  @Test("what cannot be selected is refused with the reason")
  func refusals() throws {
    func problem(_ body: () throws -> Void) -> RuntimeProblem? {
      do {
        try body()
        return nil
      } catch { return error as? RuntimeProblem }
    }
    let quest = try Compressor.of("quest")
    #expect(
      problem { _ = try Compressor.of("quest", ["budget": 40, "page": 16]) }
        == RuntimeProblem(
          "K304", seen: "quest: budget=40 with page=16", expected: "a budget of three pages, 48, or more"))
    #expect(
      problem { _ = try quest.composed(with: .of("h2o")) }
        == RuntimeProblem(
          "K306", seen: "quest | h2o would move tokens out of the selector's order while decoding",
          expected: "a method that drops tokens at the end of the prompt only", suggestion: "use variant=prefill"))
    #expect(
      problem { _ = try quest.composed(with: .of("streamingllm", words: ["variant": "prefill", "pos": "renumber"])) }?
        .code
        == "K306")
    #expect(
      problem {
        try Compressor.of("quest", ["skip": 9]).check(shape: .init(layers: 9, kvHeads: 1, groupHeads: 1, headDim: 64))
      }
        == RuntimeProblem(
          "K305", seen: "quest: skip=9 leaves no layer of 9 to select in",
          expected: "a layer behind the first 9 that attends to all tokens", suggestion: "use skip=0"))
    #expect(try quest.composed(with: .of("kivi")).storage == .packed)
    #expect(try Compressor.of("kivi").composed(with: quest).storage == .packed)
    #expect(quest.storage == .full)
  }

  @Test("a query that is not a number is a problem that names layer and head")
  func notFinite() throws {
    for value in [Float.nan, .infinity] {
      var trial = try AttentionTrial(
        .of("quest", ["budget": 48, "skip": 0]), kvHeads: 2, groupHeads: 3, headDim: 32, seed: 10)
      try trial.append(trial.draw(200), 200, isLast: true)
      try trial.layer.finishPrefill()
      let rows = trial.draw(1)
      rows.queries.base[4 * 32 + 3] = value
      let problem = #expect(throws: RuntimeProblem.self) { try trial.stepOnly(rows) }
      #expect(problem?.code == "K602")
      #expect(problem?.seen == "layer 0, KV head 1: an attention score is not a finite number")
    }
  }

  @Test("a forecast covers what bounds take", arguments: [1, 17, 300])
  func forecast(_ tokens: Int) throws {
    let compressor = try Compressor.of("quest", ["budget": 48, "skip": 0, "page": 8])
    var trial = try AttentionTrial(compressor, kvHeads: 3, headDim: 64, element: .float16, seed: 11)
    try trial.append(trial.draw(tokens), tokens, isLast: true)
    try trial.layer.finishPrefill()
    let foretold = compressor.slots.foretoldLayerBytes(prompt: tokens, tokens: tokens, shape: trial.shape)
    #expect(foretold >= trial.layer.bytes.held)
    #expect(foretold <= trial.layer.bytes.held + 2 * 16 * 3 * 64 * 4)
  }
}

/// Products of exact keys, by the kernel that attention uses.
enum ExactKeysTrial {
  static func scores(_ keys: [[Float]], _ query: [Float], _ element: FloatElement, _ kernels: KernelTable) -> [Float] {
    var rows = ExactKeys(headDim: query.count, element: element)
    rows.append(keys.flatMap { $0 }, stride: query.count, tokens: keys.count)
    var out = [Float](repeating: 0, count: (keys.count + 15) / 16 * 16)
    kernels.keyScores(rows.rows, 0..<(keys.count + 15) / 16, query, 1, &out, out.count)
    return Array(out[..<keys.count])
  }
}
