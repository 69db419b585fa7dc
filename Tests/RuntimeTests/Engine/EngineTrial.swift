import KernelABI
import Testing

@testable import Runtime

/// SmolLM2-135M, loaded once a precision for all the tests that run it.
enum SharedModel {
  private static let mixed = Result { try load(.mixed) }
  private static let single = Result { try load(.f32) }

  private static func load(_ precision: Model.Precision) throws -> Model {
    try Model.load(SmolLM2.file(), precision: precision, pool: WorkerPool(threads: 2))
  }

  static func get(_ precision: Model.Precision) throws -> Model {
    try (precision == .mixed ? mixed : single).get()
  }
}

/// A model with the threads and kernels of one test; passes are made anew, so that nothing is carried over.
struct EngineTrial {
  let model: Model
  let set: InstructionSet
  let pool: WorkerPool

  init(_ model: Model, threads: Int = 2, set: InstructionSet? = nil) throws {
    self.model = model
    self.set = try set ?? InstructionSet.chosen()
    pool = WorkerPool(threads: threads)
  }

  func pass() -> ForwardPass {
    let pass = ForwardPass(model: model, kernels: set.table, pool: pool)
    pass.calibrationText = calibrationText
    return pass
  }

  /// A text for codecs that learn from one.
  private var calibrationText: [Int32] {
    MeasuredText.tokens(300, sequence: 7, vocabulary: model.configuration.vocabulary)
  }

  func engine(endTokens: Set<Int32> = [], chunkTokens: Int = 2_048) -> BatchEngine {
    let engine = BatchEngine(
      model: model, endTokens: endTokens, instructionSet: set, pool: pool, chunkTokens: chunkTokens)
    engine.calibrationText = calibrationText
    return engine
  }

  /// Logits of one row of a pass's last run.
  func row(_ index: Int, of pass: ForwardPass) -> [Float] {
    Array(UnsafeBufferPointer(start: pass.logits(rows: [index]), count: model.configuration.vocabulary))
  }

  /// A cache that holds a prompt, fed in chunks, with the logits after it.
  func prefill(
    _ prompt: [Int32], _ compressor: Compressor = .none, chunk: Int = .max, on pass: ForwardPass
  ) throws -> (cache: SequenceCache, logits: [Float]) {
    let cache = try pass.makeCache(compressor)
    // As the engine does it.
    let chunk = engine().chunks(compressor) ? chunk : .max
    let prompt = try PromptModel(pass, chunkTokens: min(chunk, 2_048), nil).rewrite(Prompt(ids: prompt), for: cache)
    var start = 0
    while start < prompt.count {
      let rows = min(chunk, prompt.count - start)
      try pass.run(
        [.prompt(Array(prompt[start..<start + rows]), of: cache, isLast: start + rows == prompt.count)])
      start += rows
    }
    return (cache, row(pass.lastRows.last ?? 0, of: pass))
  }

  /// Logits after a prompt and after each token fed behind it.
  func logits(
    _ prompt: [Int32], then tokens: [Int32], _ compressor: Compressor = .none, chunk: Int = .max
  ) throws -> [[Float]] {
    let pass = pass()
    let (cache, first) = try prefill(prompt, compressor, chunk: chunk, on: pass)
    var all = [first]
    for token in tokens {
      try pass.run([.step(token, of: cache)])
      all.append(row(pass.lastRows[0], of: pass))
    }
    return all
  }

  /// Finished requests by sample.
  func generate(
    _ requests: [GenerationRequest], _ compressor: Compressor = .none, sampling: Sampling = .greedy, batch: Int = 1,
    chunkTokens: Int = 2_048
  ) throws -> [String: Generation] {
    var found: [String: Generation] = [:]
    try engine(chunkTokens: chunkTokens).run(requests, compressor: compressor, sampling: sampling, batch: batch) {
      found[$0.sample] = $0
    }
    return found
  }
}

/// Shorthands for parameters.
extension Compressor {
  static func of(_ name: String, _ integers: [String: Int] = [:], words: [String: String] = [:]) throws -> Compressor {
    var given: [String: ParameterValue] = [:]
    for (name, value) in integers { given[name] = .int(value) }
    for (name, value) in words { given[name] = .word(value) }
    return try Compressor(name, given)
  }
}

/// The largest absolute difference; infinite if lengths differ or a number is NaN.
func largestDifference(_ a: [Float], _ b: [Float]) -> Double {
  guard a.count == b.count else { return .infinity }
  var worst = 0.0
  for (x, y) in zip(a, b) {
    let difference = abs(Double(x) - Double(y))
    if difference.isNaN { return .infinity }
    worst = max(worst, difference)
  }
  return worst
}

/// Whether all bits are equal.
func sameBits(_ a: [[Float]], _ b: [[Float]]) -> Bool {
  a.count == b.count && zip(a, b).allSatisfy { $0.map(\.bitPattern) == $1.map(\.bitPattern) }
}

/// Expects equal bits, or different ones, without printing thousands of numbers.
func expectBits(
  _ a: [[Float]], _ b: [[Float]], areEqual: Bool = true, _ place: String = "",
  sourceLocation: SourceLocation = #_sourceLocation
) {
  let isAsExpected = sameBits(a, b) == areEqual
  #expect(isAsExpected, "\(place)", sourceLocation: sourceLocation)
}
