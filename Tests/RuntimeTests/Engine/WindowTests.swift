import KernelABI
import Testing

@testable import Runtime

/// Sliding windows against plain double precision, in prompts, steps, packed and evicting caches.
struct WindowTests {
  static let configurations: [(name: String, integers: [String: Int], words: [String: String])] = [
    ("", [:], [:]),
    ("streamingllm", ["sink": 3, "recent": 20], [:]),
    ("streamingllm", ["sink": 3, "recent": 20], ["pos": "renumber"]),
    ("streamingllm", ["sink": 3, "recent": 20], ["prefill": "stream"]),
    ("h2o", ["heavy": 13, "recent": 9], ["pos": "keep"]),
    ("h2o", ["heavy": 13, "recent": 9], ["pos": "renumber"]),
    ("h2o", ["heavy": 13, "recent": 9], ["variant": "prefill"]),
  ]

  private func compressor(_ index: Int) throws -> Compressor {
    let (name, integers, words) = Self.configurations[index]
    return name.isEmpty ? .none : try .of(name, integers, words: words)
  }

  @Test(
    "a query sees the keys less than a window before it, whatever the chunks", arguments: [1, 7, 16, 33, 64, 500],
    AttentionTests.shapes)
  func prompts(_ window: Int, _ shape: AttentionTests.Shape) throws {
    var trial = try AttentionTrial(
      kvHeads: shape.kvHeads, groupHeads: shape.groupHeads, headDim: shape.headDim, element: shape.element,
      window: window, seed: 31)
    for (index, chunk) in [1, 16, 47, 5, 64].enumerated() {
      #expect(try trial.prompt(chunk, isLast: index == 4) < 1e-5, "chunk \(index)")
    }
    for step in 0..<5 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
  }

  @Test("a window over a cache of several parts hides whole parts", arguments: [3, 500, 600], [1, 2])
  func parts(_ window: Int, _ threads: Int) throws {
    var trial = try AttentionTrial(window: window, threads: threads, seed: 32)
    let prompt = 2 * StepAttention.partTokens - 2
    try trial.append(trial.draw(prompt), prompt, isLast: true)
    for step in 0..<4 { #expect(try trial.step().difference < 1e-5, "step \(step)") }
  }

  @Test(
    "evicting caches mask by the position in the text, renumbered or not", arguments: configurations.indices, [5, 30])
  func evicting(_ index: Int, _ window: Int) throws {
    var trial = try AttentionTrial(try compressor(index), window: window, seed: 33)
    // Streaming prompts lose tokens while they are attended; only their steps can be compared afterwards.
    if Self.configurations[index].words["prefill"] == "stream" {
      try trial.append(trial.draw(50), 50, isLast: true)
      try trial.layer.finishPrefill()
    } else {
      #expect(try trial.prompt(50) < 1e-5)
    }
    for step in 0..<40 { #expect(try trial.step().difference < 2e-5, "step \(step)") }
  }

  @Test("a hidden token has no say: other keys and values there change no bit of the output")
  func hidden() throws {
    func output(_ fault: Float) throws -> [Float] {
      var trial = try AttentionTrial(kvHeads: 1, groupHeads: 2, headDim: 32, window: 10, seed: 34)
      let rows = trial.draw(60)
      for channel in 0..<32 {
        rows.keys.base[30 * 32 + channel] += fault
        rows.values.base[30 * 32 + channel] += fault
      }
      try trial.append(rows, 60, isLast: true)
      return (40..<60).flatMap { rows.output($0, 0) + rows.output($0, 1) }
    }
    #expect(try output(0) == output(3))
    #expect(try output(0) == output(-900))
  }
}
