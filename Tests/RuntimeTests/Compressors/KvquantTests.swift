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
