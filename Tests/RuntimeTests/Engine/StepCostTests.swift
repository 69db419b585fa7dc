import CCounts
import Testing

@testable import Runtime

/// What a decode step asks of the heap and how often it counts references, both counted by standing in front of the
/// functions that do it. What Swift's own library counts when it copies an array is not seen, but the array is.
@Suite(.enabled(if: kv_can_count() != 0, "nothing can be counted here"))
struct StepCostTests {
  /// The uncompressed cache, packed and selected ones.
  private static let uncounted = PromiseTests.configurations.indices.filter {
    ["", "kivi", "gear", "snapkv", "quest"].contains(PromiseTests.configurations[$0].name)
  }

  /// Allocations and reference counts of one step of some sequences, the medians of many: caches grow and pack now and then,
  /// those of equal prompts in the same step.
  private func costs(_ index: Int, layers: Int, sequences: Int) throws -> (allocations: Int, references: Int) {
    let tiny = TinyModel(
      layers: layers, kvHeads: 2, groupHeads: 3, headDim: 32, hidden: 64, isQuantised: true, seed: 21)
    let trial = try EngineTrial(tiny.model(.mixed), threads: 2)
    let pass = trial.pass()
    let caches = try (0..<sequences).map { try trial.prefill(tiny.text(90, seed: $0), PromiseTests.compressor(index), on: pass).cache }
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

  @Test("a step allocates nothing, for one sequence and for many", arguments: PromiseTests.configurations.indices)
  func allocations(_ index: Int) throws {
    let one = try costs(index, layers: 2, sequences: 1)
    let many = try costs(index, layers: 2, sequences: 33)
    print("COST", PromiseTests.configurations[index], one, many)
    #expect(one.allocations == 0)
    #expect(many.allocations == 0)
  }

  @Test("a step counts no reference a layer: as many for 6 layers as for 2", arguments: uncounted)
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
