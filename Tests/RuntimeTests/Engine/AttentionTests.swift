import KernelABI
import Testing

@testable import Runtime

/// Attention over caches against plain double precision.
struct AttentionTests {
  struct Shape: Sendable, CustomTestStringConvertible {
    let kvHeads: Int
    let groupHeads: Int
    let headDim: Int
    let element: FloatElement
    var testDescription: String { "\(kvHeads) x \(groupHeads) heads of \(headDim), \(element)" }
  }

  static let shapes = [
    Shape(kvHeads: 3, groupHeads: 1, headDim: 32, element: .float32),
    Shape(kvHeads: 2, groupHeads: 3, headDim: 64, element: .float16),
    Shape(kvHeads: 1, groupHeads: 8, headDim: 64, element: .float32),
    Shape(kvHeads: 2, groupHeads: 8, headDim: 32, element: .float16),
  ]

  static func trial(_ shape: Shape, _ compressor: Compressor, threads: Int = 2, set: InstructionSet? = nil, seed: Int)
    throws -> AttentionTrial
  {
    try AttentionTrial(
      compressor, kvHeads: shape.kvHeads, groupHeads: shape.groupHeads, headDim: shape.headDim, element: shape.element,
      threads: threads, set: set, seed: seed)
  }

  @Test("prompts in chunks of any length and steps equal double precision to 1e-5", arguments: shapes)
  func exact(_ shape: Shape) throws {
    var trial = try Self.trial(shape, .none, seed: 11)
    for (index, chunk) in [1, 16, 47, 5, 64].enumerated() {
      #expect(try trial.prompt(chunk, isLast: index == 4) < 1e-5, "chunk \(index)")
    }
    for step in 0..<5 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
    #expect(trial.holdsItsKeys())
  }

  @Test("caches of several parts equal double precision, whatever the threads", arguments: shapes, [1, 2])
  func parts(_ shape: Shape, _ threads: Int) throws {
    var trial = try Self.trial(shape, .none, threads: threads, seed: 12)
    let prompt = 2 * StepAttention.partTokens - 2
    try trial.append(trial.draw(prompt), prompt, isLast: true)
    // Across the border of the second part: 1,023 to 1,027 tokens.
    for step in 0..<4 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
  }

  @Test("evicting caches equal double precision over what they hold", arguments: shapes, ["keep", "renumber"])
  func evicting(_ shape: Shape, _ positions: String) throws {
    for compressor in [
      try Compressor.of("streamingllm", ["sink": 3, "recent": 20], words: ["pos": positions]),
      try Compressor.of("streamingllm", ["sink": 3, "recent": 20], words: ["pos": positions, "variant": "prefill"]),
      try Compressor.of("h2o", ["heavy": 13, "recent": 9], words: ["pos": positions]),
      try Compressor.of("h2o", ["heavy": 13, "recent": 9], words: ["pos": positions, "variant": "prefill"]),
    ] {
      var trial = try Self.trial(shape, compressor, seed: 13)
      #expect(try trial.prompt(50) < 1e-5, "\(compressor.label)")
      for step in 0..<40 { #expect(try trial.step().difference < 2e-5, "\(compressor.label), step \(step)") }
      #expect(trial.holdsItsKeys(), "\(compressor.label)")
    }
  }

  @Test("renumbered caches of several parts equal double precision")
  func renumberedParts() throws {
    let compressor = try Compressor.of("h2o", ["heavy": 550, "recent": 60], words: ["pos": "renumber"])
    var trial = try AttentionTrial(compressor, kvHeads: 1, groupHeads: 2, headDim: 32, seed: 14)
    try trial.append(trial.draw(700), 700, isLast: true)
    try trial.layer.finishPrefill()
    for step in 0..<6 {
      let (difference, attended) = try trial.step()
      #expect(difference < 2e-5, "step \(step)")
      #expect(attended == [611])
    }
  }

  @Test("every instruction set equals double precision", arguments: InstructionSet.available)
  func sets(_ set: InstructionSet) throws {
    for shape in Self.shapes {
      var trial = try Self.trial(shape, .none, set: set, seed: 15)
      #expect(try trial.prompt(70) < 1e-5)
      #expect(try trial.step().difference < 1e-5)
    }
  }

  /// Outputs of the same step alone and among `copies` sequences with the same cache.
  private func outputs(threads: Int, copies: Int, tokens: Int) throws -> [[Float]] {
    var scratch = AttentionScratch()
    var steps: [LayerAttention.Step] = []
    var kept: [(AttentionTrial, AttentionTrial.Rows)] = []
    for _ in 0..<copies {
      var trial = try AttentionTrial(kvHeads: 2, groupHeads: 3, headDim: 64, threads: threads, seed: 16)
      let rows = trial.draw(tokens)
      for head in 0..<2 {
        trial.layer.store.append(
          head: head, keys: rows.keys.base + head * 64, values: rows.values.base + head * 64, stride: 128,
          tokens: tokens)
      }
      trial.layer.extend(by: tokens)
      let last = trial.draw(1)
      steps.append(.init(cache: Uncounted(trial.layer), position: tokens, rows: last.pointers))
      kept.append((trial, last))
    }
    try steps.withUnsafeBufferPointer { try kept.first?.0.attention.attendSteps($0, &scratch) }
    return kept.flatMap { kept in (0..<6).map { kept.1.output(0, $0) } }
  }

  @Test("parts split over threads give the bits of parts in turn", arguments: [511, 513, 1_300, 2_047])
  func split(_ tokens: Int) throws {
    // Two heads on two threads are fewer than 4 tasks a thread, so the parts are the tasks; 8 sequences are 16 tasks.
    let alone = try outputs(threads: 2, copies: 1, tokens: tokens)
    let inTurn = try outputs(threads: 1, copies: 8, tokens: tokens)
    expectBits(alone, try outputs(threads: 1, copies: 1, tokens: tokens))
    for copy in 0..<8 { expectBits(Array(inTurn[copy * 6..<copy * 6 + 6]), alone) }
    expectBits(inTurn, try outputs(threads: 2, copies: 8, tokens: tokens))
  }
}
