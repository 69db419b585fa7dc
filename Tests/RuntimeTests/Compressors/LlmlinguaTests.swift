import Testing

@testable import Runtime

/// The checks of LLMLingua's sheet, small numbers worked by hand, and the package's loop in plain steps.
struct LlmlinguaTests {
  @Test("the threshold is a rank among all losses, and only what is above it stays")
  func threshold() {
    let losses = [5.0, 1, 4, 2, 3]
    let threshold = SurpriseIteration.threshold(losses, share: 0.6)
    #expect(threshold == 3)
    #expect(losses.filter { $0 > threshold } == [5, 4])
    #expect(SurpriseIteration.threshold(losses, share: 0) == 5)
    #expect(SurpriseIteration.threshold(losses, share: 0.999) == 2)
    #expect(SurpriseIteration.threshold(losses, share: 1) == -.infinity)
    #expect(SurpriseIteration.threshold([], share: 0.5) == -.infinity)
  }

  static func filter(
    _ budget: Budget, segment: Int = 100, _ alignment: SurpriseFilter.Alignment = .paper, isCoarse: Bool = true,
    instruction: Int = 0, question: Int = 0
  ) -> SurpriseFilter {
    SurpriseFilter(
      budget: budget, segment: segment, alignment: alignment, isCoarse: isCoarse, slack: 100, instruction: instruction,
      question: question)
  }

  @Test("instruction and question are paid for first; whole paragraphs may exceed the target by the slack")
  func target() {
    let target = Self.filter(.share(0.5)).target(fixed: 50, contexts: 450, shape: GemfilterTests.shape)
    #expect(target == 200)
    #expect(
      SurpriseFilter.coarse(lengths: [150, 150, 150], losses: [1, 3, 2], target: target, slack: 100) == [0, 1, 2])
    #expect(SurpriseFilter.coarse(lengths: [150, 150, 150], losses: [1, 3, 2], target: 100, slack: 100) == [1, 2])
    #expect(SurpriseFilter.coarse(lengths: [150, 150, 150], losses: [2, 2, 2], target: 0, slack: 0) == [0])
    // Below zero is the package's 100.
    #expect(SurpriseFilter.coarse(lengths: [90, 90, 90, 90], losses: [1, 2, 3, 4], target: -5, slack: 50) == [2, 3])
    #expect(abs(SurpriseFilter.share(target: target, lengths: [150, 150, 150]) - 0.437637) < 1e-6)
    #expect(SurpriseFilter.share(target: -3, lengths: [9]) == 0)
    #expect(SurpriseFilter.share(target: 99, lengths: [9]) == 1)
    #expect(Self.filter(.tokens(70)).target(fixed: 50, contexts: 450, shape: GemfilterTests.shape) == 70)
  }

  @Test(
    "segments are divided as the package divides them",
    arguments: [
      ([90], [[92]]), ([180], [[182]]), ([197], [[199]]), ([198], [[199], [1]]), ([260], [[199], [63]]),
      ([400], [[199], [200], [3]]), ([398], [[199], [200], [1]]), ([397], [[199], [200]]),
      ([150, 150, 150], [[152, 47], [105, 95], [57]]), ([10, 20], [[12, 22]]),
    ] as [(lengths: [Int], parts: [[Int]])])
  func plan(_ row: (lengths: [Int], parts: [[Int]])) {
    let plan = SurpriseIteration.plan(lengths: row.lengths, segment: 200, share: 0.5)
    // A part without tokens may stand at the end, as in the package; it judges nothing.
    #expect(plan.map { $0.map(\.tokens).filter { $0 > 0 } } == row.parts)
  }

  // MARK: Paragraphs

  /// Ids are bytes.
  static func paragraphs(_ text: String, in stretch: Range<Int>? = nil) -> [Paragraphs.Paragraph] {
    let ids = text.utf8.map { Int32($0) }
    return Paragraphs(ids, in: stretch ?? 0..<ids.count) { [UInt8(truncatingIfNeeded: $0)] }.all
  }

  @Test("paragraphs end at blank lines, however many and whatever white space is in them")
  func paragraphs() {
    #expect(Self.paragraphs("ab\n\ncd") == [.init(whole: 0..<4, body: 0..<2), .init(whole: 4..<6, body: 4..<6)])
    #expect(
      Self.paragraphs("ab \n \n\ncd\n\n") == [.init(whole: 0..<7, body: 0..<2), .init(whole: 7..<11, body: 7..<9)])
    #expect(Self.paragraphs("ab\ncd") == [.init(whole: 0..<5, body: 0..<5)])
    #expect(Self.paragraphs("\n\nab") == [.init(whole: 0..<4, body: 0..<4)])
    #expect(Self.paragraphs("\n\n") == [.init(whole: 0..<2, body: 0..<2)])
    #expect(Self.paragraphs("").isEmpty)
    #expect(
      Self.paragraphs("ab\n\ncd", in: 1..<5) == [.init(whole: 1..<4, body: 1..<2), .init(whole: 4..<5, body: 4..<5)])
  }

  @Test("a token that carries its line breaks ends a paragraph too, and without texts there is one paragraph")
  func paragraphsOfTokens() {
    let texts: [[UInt8]] = [Array("One".utf8), Array(".\n\n".utf8), Array("Two".utf8), Array("\n\n".utf8)]
    func paragraphs(_ ids: [Int32], _ bytes: (Int32) -> [UInt8]?) -> [Range<Int>] {
      Paragraphs(ids, in: 0..<ids.count, bytes: bytes).all.map(\.whole)
    }
    #expect(paragraphs([0, 1, 2, 3, 0]) { texts[Int($0)] } == [0..<2, 2..<4, 4..<5])
    #expect(paragraphs([0, 1, 2, 3, 0]) { _ in nil } == [0..<5])
  }

  // MARK: The loop

  static let tiny = TinyModel(layers: 2, kvHeads: 2, groupHeads: 2, contextTokens: 1_024, seed: 44)
  static let model = Result { try tiny.model(.f32) }

  private func model() throws -> PromptModel {
    PromptModel(try EngineTrial(Self.model.get()).pass(), chunkTokens: 64, nil)
  }

  /// Losses of a text by itself, with nothing kept from before.
  private func losses(_ ids: [Int32]) throws -> [Double] {
    let model = try model()
    return try model.losses(of: ids[...], on: model.makeCache())
  }

  /// The package's loop as it is written, every loss computed from the start.
  private func plainCode(_ text: [Int32], segment: Int, _ plan: [[(tokens: Int, share: Double)]]) throws -> [Int32] {
    var ids = text
    var past = try losses(ids)
    var end = min(segment, ids.count)
    var readyEnd = 0
    var index = 0
    while end <= ids.count {
      if index > 0 {
        let fresh = try losses(Array(ids[..<end]))
        for place in max(0, readyEnd)..<end - 1 { past[place] = fresh[place] }
      }
      readyEnd = end - segment
      for (tokens, share) in plan[index] {
        let stop = end - segment + tokens
        let rank = max(0, min(past.count - 1, Int(Double(past.count) * share) - 1))
        let threshold = past.sorted(by: >)[rank]
        var needed = past.map { $0 > threshold } + [true]
        for place in (stop < 0 ? max(0, ids.count + stop) : min(stop, ids.count))..<ids.count { needed[place] = true }
        let first = stop - tokens
        for place in 0..<(first < 0 ? max(0, ids.count + first) : min(first, ids.count)) { needed[place] = true }
        let head = stop < 0 ? max(0, ids.count + stop) : min(stop, ids.count)
        end = stop - needed[..<head].count { !$0 } + segment
        past = past.indices.filter { needed[$0] }.map { past[$0] }
        ids = ids.indices.filter { needed[$0] }.map { ids[$0] }
      }
      index += 1
    }
    return ids
  }

  @Test(
    "the package's way gives what its loop gives when every loss is computed anew",
    arguments: [
      (130, [130]), (61, [61]), (90, [30, 40, 18]), (39, [39]), (19, [19]), (12, [12]), (200, [90, 4, 104]),
    ])
  func code(_ row: (count: Int, lengths: [Int])) throws {
    for (seed, share) in [(1, 0.5), (2, 0.3), (3, 0.05), (4, 0.9)] {
      let text = Self.tiny.text(row.count, seed: seed)
      let plan = SurpriseIteration.plan(lengths: row.lengths, segment: 20, share: share)
      var iteration = try SurpriseIteration(text, model())
      try iteration.compressByCode(segment: 20, plan: plan)
      #expect(iteration.ids == (try plainCode(text, segment: 20, plan)), "seed \(seed)")
      #expect(isSubsequence(iteration.ids, of: text))
    }
  }

  /// The paper's loop as the sheet says it, every loss computed from the start.
  private func plainPaper(_ text: [Int32], segment: Int, share: Double) throws -> [Int32] {
    var ids = text
    var all: [Double] = [.infinity] + (try losses(ids))
    var done = 0
    while done < ids.count {
      let end = min(done + segment, ids.count)
      let fresh = try losses(Array(ids[..<end]))
      for token in max(1, done)..<end { all[token] = fresh[token - 1] }
      let ranked = all.dropFirst().sorted(by: >)
      let threshold = ranked.isEmpty ? 0 : ranked[min(max(Int(Double(ranked.count) * share) - 1, 0), ranked.count - 1)]
      let stay = ids.indices.filter { $0 < done || $0 >= end || $0 == ids.count - 1 || all[$0] > threshold }
      done = end - (ids.count - stay.count)
      all = stay.map { all[$0] }
      ids = stay.map { ids[$0] }
    }
    return ids
  }

  @Test(
    "the paper's way judges every segment behind what is left, the last one too", arguments: [1, 2, 19, 20, 21, 130])
  func paper(_ count: Int) throws {
    for (seed, share) in [(1, 0.5), (2, 0.3), (3, 0.05), (4, 0.9)] {
      let text = Self.tiny.text(count, seed: seed)
      var iteration = try SurpriseIteration(text, model())
      try iteration.compressByPaper(segment: 20, share: share)
      #expect(iteration.ids == (try plainPaper(text, segment: 20, share: share)), "seed \(seed)")
      #expect(iteration.ids.first == text.first && iteration.ids.last == text.last)
    }
  }

  @Test("a mean loss of several texts is that of each alone; one token has none")
  func means() throws {
    let texts = [40, 1, 700, 3].map { Self.tiny.text($0, seed: $0) }
    let means = try model().meanLosses(of: texts)
    for (text, mean) in zip(texts, means) {
      let losses = try losses(text)
      #expect(mean == (losses.isEmpty ? 0 : losses.reduce(0, +) / Double(losses.count)))
    }
  }

  @Test("what stands around the text, and paragraphs named as instruction or question, stay to the token")
  func fixed() throws {
    let model = try model()
    let prompt = Self.tiny.text(200)
    let left = try Self.filter(.share(0.4)).rewrite(Prompt(ids: prompt, text: 10..<150), asking: model)
    #expect(left.prefix(10) == prompt[..<10] && left.suffix(50) == prompt[150...])
    #expect(left.count < 170)
    // Without a tokenizer all of it is one paragraph, and that is the question.
    #expect(try Self.filter(.share(0.4), question: 1).rewrite(Prompt(ids: prompt), asking: model) == prompt)
    #expect(try Self.filter(.share(0.4), instruction: 2).rewrite(Prompt(ids: prompt), asking: model) == prompt)
  }

  @Test("rows count the cache that judged the prompt in their peak, and what is left in what they hold")
  func bytes() throws {
    let found = try #require(
      try EngineTrial(Self.model.get()).generate(
        [GenerationRequest(sample: "a", prompt: Self.tiny.text(320), maxTokens: 3, ignoresEnd: true)],
        .of("llmlingua"))["a"])
    let token = 2 * 2 * 2 * 32 * 4
    #expect(found.promptTokens == 320 && found.keptTokens < 240)
    #expect(found.cacheBytes.counted == (found.keptTokens + 2) * token)
    #expect(found.peakCacheBytes == 320 * token)
  }
}
