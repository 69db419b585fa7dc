import Testing

@testable import Runtime

extension RealModelTests {
  /// The choice of kernels, and what it may change: the last bits of floats, no more.
  struct InstructionSetTests {
    @Test("KVSH_KERNELS names a set; without it the best is taken")
    func chosen() throws {
      let available = InstructionSet.available
      #expect(available.contains(.base))
      #expect(try InstructionSet.chosen(environment: [:]) == available.first)
      #expect(try InstructionSet.chosen(environment: ["KVSH_KERNELS": ""]) == available.first)
      for set in available {
        #expect(try InstructionSet.chosen(environment: ["KVSH_KERNELS": set.rawValue]) == set)
        #expect(set.table.name == set.rawValue)
      }
      let expected = RuntimeProblem(
        "K601", seen: "KVSH_KERNELS=v9 names no instruction set of this processor",
        expected: available.map(\.rawValue).joined(separator: ", "), suggestion: "unset KVSH_KERNELS")
      #expect(throws: expected) { try InstructionSet.chosen(environment: ["KVSH_KERNELS": "v9"]) }
      for missing in InstructionSet.allCases where !available.contains(missing) {
        #expect(throws: RuntimeProblem.self) {
          try InstructionSet.chosen(environment: ["KVSH_KERNELS": missing.rawValue])
        }
      }
    }

    /// Logits of a short text on the real model: base is slow.
    private func logits(_ set: InstructionSet, _ precision: Model.Precision, tokens: Int) throws -> [[Float]] {
      let row = try #require(try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl")).first)
      let trial = try EngineTrial(SharedModel.get(precision), set: set)
      return try trial.logits(Array(row.ids.prefix(tokens)), then: Array(row.greedy.prefix(3)))
    }

    @Test(
      "sets agree: 1e-3 on logits in single precision, 1 where activations are rounded to bytes",
      arguments: Model.Precision.allCases)
    func agreement(_ precision: Model.Precision) throws {
      let best = try #require(InstructionSet.available.first)
      let expected = try logits(best, precision, tokens: 8)
      for set in InstructionSet.available.dropFirst() {
        let found = try logits(set, precision, tokens: 8)
        for (a, b) in zip(found, expected) {
          // A float's last bit may tip a rounding to bytes, which thirty layers amplify to the size of the rounding's own
          // error: 0.3 between v4 and v3, 0.6 with base, of logits about 25.
          let difference = largestDifference(a, b)
          #expect(difference < (precision == .f32 ? 1e-3 : 1), "\(set)")
        }
      }
    }

    @Test("every set continues a text greedily alike", arguments: InstructionSet.available)
    func greedy(_ set: InstructionSet) throws {
      let row = try #require(try GoldenFolder.rows(LogitsRow.self, PackageFolder.fixture("logits_subset.jsonl")).first)
      let count = set == .base ? 3 : 12
      let found = try EngineTrial(SharedModel.get(.f32), set: set).generate(
        [GenerationRequest(sample: "a", prompt: row.ids, maxTokens: count, ignoresEnd: true)])
      #expect(found["a"]?.tokens == Array(row.greedy.prefix(count)))
    }
  }
}
