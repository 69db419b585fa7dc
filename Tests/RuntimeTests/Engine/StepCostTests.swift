import CCounts
import Testing

@testable import Runtime

/// What a decode step asks of the heap and how often it counts references, both counted by standing in front of the
/// functions that do it. What Swift's own library counts when it copies an array is not seen, but the array is.
@Suite(.enabled(if: kv_can_count() != 0, "nothing can be counted here"))
struct StepCostTests {
  private typealias Trials = PromiseTests

  /// Methods whose own work in a step still makes arrays: scores of tokens, merged rows, sparse rows, tokens that come back.
  private static let allocating: Set = ["cam", "corm", "keydiff", "kvquant", "lazyllm", "minicache", "tova"]
  /// Methods whose heads hold unequally many tokens, so that in a batch some head grows at any step.
  private static let ragged: Set = ["adakv", "expectedattention", "keep"]

  private static func indices(_ isWanted: (_ name: String, _ words: [String: String]) -> Bool) -> [Int] {
    Trials.configurations.indices.filter { isWanted(Trials.configurations[$0].name, Trials.configurations[$0].words) }
  }

  /// Allocations and reference counts of one step of some sequences, the medians of many: caches grow and pack now and then,
  /// those of equal prompts in the same step.
  private func costs(_ index: Int, layers: Int, sequences: Int) throws -> (allocations: Int, references: Int) {
    let tiny = TinyModel(
      layers: layers, kvHeads: 2, groupHeads: 3, headDim: 32, hidden: 64, isQuantised: true, seed: 21)
    let trial = try EngineTrial(tiny.model(.mixed), threads: 2)
    let pass = trial.pass()
    let caches = try (0..<sequences).map {
      try trial.prefill(tiny.text(90, seed: $0), Trials.compressor(index), on: pass).cache
    }
    var allocations: [Int] = []
    var references: [Int] = []
    for step in 0..<41 {
      kv_start_counts()
      try pass.runSteps(sequences) { (Int32(step), caches[$0]) }
      _ = pass.logits(rows: pass.lastRows)
      kv_stop_counts()
      allocations.append(kv_allocations())
      references.append(kv_reference_counts())
    }
    return (allocations.sorted()[20], references.sorted()[20])
  }

  @Test(
    "a step allocates nothing", arguments: indices { name, _ in !allocating.contains(name) && !ragged.contains(name) })
  func allocations(_ index: Int) throws {
    #expect(try costs(index, layers: 2, sequences: 1).allocations == 0)
    #expect(try costs(index, layers: 2, sequences: 33).allocations == 0)
  }

  @Test("a step of ragged heads allocates where they grow", arguments: indices { name, _ in ragged.contains(name) })
  func raggedAllocations(_ index: Int) throws {
    #expect(try costs(index, layers: 2, sequences: 1).allocations <= 1)
    #expect(try costs(index, layers: 2, sequences: 33).allocations <= 33)
  }

  @Test("methods that are said to allocate do", arguments: indices { name, _ in allocating.contains(name) })
  func known(_ index: Int) throws {
    #expect(try costs(index, layers: 2, sequences: 1).allocations > 0)
  }

  @Test(
    "a step counts no reference a layer: as many for 6 layers as for 2",
    arguments: indices { name, words in
      ["", "kivi", "snapkv", "gear", "h2o"].contains(name) && words["mode"] == nil && words["pos"] == nil
    })
  func references(_ index: Int) throws {
    let few = try costs(index, layers: 2, sequences: 1).references
    #expect(try costs(index, layers: 6, sequences: 1).references == few)
    #expect(few < 40)
    let batch = try costs(index, layers: 2, sequences: 33).references
    #expect(try costs(index, layers: 6, sequences: 33).references == batch)
  }

  @Test("what is counted is counted")
  func counts() {
    final class Object {}
    var kept: [Object] = []
    kv_start_counts()
    let objects = (0..<10).map { _ in Object() }
    for object in objects { kept.append(object) }
    kv_stop_counts()
    #expect(kv_allocations() >= 12)
    #expect(kv_reference_counts() >= 10)
    withExtendedLifetime(kept) {}
  }
}
