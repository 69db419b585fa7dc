import Testing

@testable import Runtime

/// KVQuant's card, and how its books come about.
struct KvquantTests {
  @Test("defaults are 4 bits with 1 % outliers and k-means levels; presets are those of its repository")
  func defaults() throws {
    let codec = try #require(try Compressor("kvquant").slots.codec as? BookCodec)
    #expect(codec.settings == BookSettings(bits: 4, outlier: 0.01, sink: 0, levels: .nuq, normalises: false))
    let two = try #require(try Compressor("kvquant/nuq2").slots.codec as? BookCodec)
    #expect(two.settings == BookSettings(bits: 2, outlier: 0.01, sink: 1, levels: .nuq, normalises: true))
    let capped = try #require(try Compressor.of("kvquant", ["cap": 21]).slots.codec as? BookCodec)
    #expect(capped.settings.cap == 21 && codec.settings.cap == nil)
    #expect(abs(codec.settings.quantile - 0.995) < 1e-12)
  }

  @Test("without a text to learn from, and uncalibrated, it is refused")
  func noText() throws {
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let pass = trial.pass()
    pass.calibrationText = []
    #expect(
      throws: RuntimeProblem(
        "K305", seen: "kvquant has no text to be calibrated on", expected: "a calibration text")
    ) { try pass.makeCache(.of("kvquant")) }
    #expect(
      throws: RuntimeProblem(
        "K305", seen: "kvquant has not been calibrated", expected: "a codec calibrated on this model")
    ) {
      try SequenceCache(.of("kvquant"), shape: trial.model.cacheShape, kernels: trial.set.table)
    }
  }

  @Test("a model learns once a setting and text, in the midst of a batch too, and what is learnt does not change")
  func once() throws {
    let trial = try EngineTrial(LosslessTests.tiny.model(.mixed), threads: 1)
    let pass = trial.pass()
    let text = LosslessTests.tiny.text(40)
    let baseline = try trial.logits(Array(text[..<30]), then: Array(text[30...]))
    let (cache, _) = try trial.prefill(Array(text[..<30]), on: pass)
    var found: [[Float]] = []
    for token in text[30...] {
      // Another sequence is begun between the steps.
      _ = try pass.makeCache(.of("kvquant", ["bits": 3]))
      try pass.run([.step(token, of: cache)])
      found.append(trial.row(0, of: pass))
    }
    expectBits(found, Array(baseline[1...]))
    let settings = BookSettings(bits: 3, outlier: 0.01, sink: 0, levels: .nuq, normalises: false)
    let codec = BookCodec(settings: settings)
    let first = try pass.calibrated(Compressor.of("kvquant", ["bits": 3])).slots.codec as? LearntBookCodec
    let second = try trial.pass().calibrated(Compressor.of("kvquant", ["bits": 3])).slots.codec as? LearntBookCodec
    #expect(first?.books == second?.books && first?.books.count == 2)
    let other = try trial.pass().calibrated(Compressor.of("kvquant", ["bits": 4])).slots.codec as? LearntBookCodec
    #expect(other?.books[0].keys.levels.count == 16)
    #expect(codec.calibrationKey != BookCodec(settings: other?.settings ?? settings).calibrationKey)
  }

  /// Text of letters and spaces, and a tokenizer of them alone.
  private static func letters(_ text: [Int32]) -> String {
    String(text.map { Character(UnicodeScalar(UInt8(97 + $0 % 26))) })
  }

  private static func tokenizer() throws -> Tokenizer {
    var builder = GGUFBuilder()
    let tokens = (0..<26).map { String(UnicodeScalar(UInt8(97 + $0))) }
    builder.entries = [
      ("tokenizer.ggml.model", .string("gpt2")), ("tokenizer.ggml.pre", .string("gpt-2")),
      ("tokenizer.ggml.tokens", .array(tokens.map { .string($0) }, tag: 8)),
      ("tokenizer.ggml.token_type", .array(tokens.map { _ in .int32(1) }, tag: 5)),
      ("tokenizer.ggml.merges", .array([], tag: 8)), ("tokenizer.ggml.bos_token_id", .uint32(0)),
    ]
    return try Tokenizer(GGUFFile(MappedFile(content: builder.bytes, name: "letters.gguf")))
  }

  private static func own(_ content: String, path: String = "own.txt", digest: String? = nil) throws -> Compressor {
    try Compressor(
      "kvquant",
      [
        "calib": .text(NamedText(path: path, content: content, digest: digest ?? String(content.hashValue))),
        "sink": .int(1),
      ])
  }

  @Test("calib= learns from the user's text, in pieces that fit the context; its first tokens are left out of each")
  func ownText() throws {
    let trial = try EngineTrial(LosslessTests.tiny.model(.mixed), threads: 2)
    let tokenizer = try Self.tokenizer()
    let text = LosslessTests.tiny.text(1_500).map { $0 % 26 }
    let content = Self.letters(text)
    #expect(tokenizer.encode(content, parseSpecial: false) == text)
    #expect(CalibrationText.pieces(content, tokenizer, context: 1_024).map(\.count) == [1_024, 476])
    #expect(CalibrationText.pieces(content, tokenizer, context: 64).map(\.count) == Array(repeating: 64, count: 16))
    let pass = trial.pass()
    pass.tokenizer = tokenizer
    func books(_ compressor: Compressor) throws -> [BookLayer] {
      try #require(try pass.calibrated(compressor).slots.codec as? LearntBookCodec).books
    }
    // A text of one piece is learnt as the page would be.
    pass.calibrationText = Array(text[..<900])
    let page = try books(Compressor.of("kvquant", ["sink": 1]))
    #expect(try books(Self.own(Self.letters(Array(text[..<900])))) == page)
    let long = try books(Self.own(content))
    #expect(long != page && long.count == page.count)
    // The thresholds of two pieces are those of the tokens of both without the first of each.
    let shape = trial.model.cacheShape
    let width = shape.kvHeads * shape.headDim
    let pieces = try [Array(text[..<1_024]), Array(text[1_024...])].map { piece -> [Float] in
      let cache = try trial.prefill(piece, on: trial.pass()).cache
      let run = CalibrationRun(shape: shape, rotary: trial.model.rotary, caches: [cache], pool: trial.pool)
      return try Array(run.keysBeforeRotation(1)[0].dropFirst(width))
    }
    let rows = pieces.joined()
    let channel = rows.enumerated().filter { $0.offset % width == 3 }.map(\.element)
    #expect(channel.count == 1_498)
    let limits = BookLimits(channel, quantile: 0.995)
    #expect(long[1].keyUpper[3] == limits.upper && long[1].keyLower[3] == limits.lower)
  }

  @Test("rows are keyed by what the text says, labels show where it lies; an empty text is refused")
  func textKeys() throws {
    let here = try Self.own("abc", path: "notes {1}.txt", digest: "1")
    let there = try Self.own("abc", path: "copy.txt", digest: "1")
    #expect(here.specification == there.specification && here.specification.contains("calib=text:1"))
    #expect(try Self.own("abd", digest: "2").specification != here.specification)
    #expect(here.label == "kvquant sink=1 calib=\"notes \\{1\\}.txt\"")
    #expect(try !Compressor("kvquant").specification.contains("calib"))
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let pass = trial.pass()
    #expect(
      throws: RuntimeProblem(
        "K305", seen: "kvquant sink=1 calib=\"own.txt\" cannot read \"own.txt\" without a tokenizer",
        expected: "a model that has its tokenizer beside it")
    ) { try pass.makeCache(Self.own("abc")) }
    pass.tokenizer = try Self.tokenizer()
    #expect(
      throws: RuntimeProblem(
        "K305", seen: "kvquant sink=1 calib=\"own.txt\" has no text to be calibrated on: \"own.txt\" is empty",
        expected: "a calibration text")
    ) { try pass.makeCache(Self.own("")) }
  }

  @Test("a calibration that is cancelled ends there, and the next one learns the same as if there had been none")
  func cancelled() throws {
    let cancellation = Cancellation()
    let model = try LosslessTests.tiny.model(.mixed)
    let pool = WorkerPool(threads: 2, cancellation: cancellation)
    let pass = ForwardPass(model: model, kernels: try InstructionSet.chosen().table, pool: pool)
    pass.calibrationText = LosslessTests.tiny.text(200)
    cancellation.cancel()
    #expect(throws: CancellationError.self) { try pass.makeCache(.of("kvquant")) }
    cancellation.reset()
    let learnt = try pass.calibrated(Compressor.of("kvquant")).slots.codec as? LearntBookCodec
    let other = try EngineTrial(LosslessTests.tiny.model(.mixed), threads: 1).pass()
    other.calibrationText = pass.calibrationText
    #expect(learnt?.books == (try other.calibrated(Compressor.of("kvquant")).slots.codec as? LearntBookCodec)?.books)
  }

  @Test("texts of no more tokens than are kept exactly are the baseline's, bit for bit", arguments: [1, 7])
  func sinks(_ prompt: Int) throws {
    let text = LosslessTests.tiny.text(16)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let (start, rest) = (Array(text[..<prompt]), Array(text[prompt...]))
    let baseline = try trial.logits(start, then: rest)
    expectBits(try trial.logits(start, then: rest, .of("kvquant", ["bits": 2, "sink": 16])), baseline)
    // A token is packed once it has been attended, so the last one of the text never is.
    expectBits(try trial.logits(start, then: rest, .of("kvquant", ["bits": 2, "sink": 14])), baseline, areEqual: false)
  }
}
