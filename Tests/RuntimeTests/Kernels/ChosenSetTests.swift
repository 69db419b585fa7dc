import Foundation
import Testing

@testable import Runtime

/// Which kernels run here. `scripts/check-instruction-sets` says what it expects of an emulated processor.
struct ChosenSetTests {
  @Test("the best set of this processor is chosen, and it is the one that KVSH_EXPECTED_KERNELS names if it is set")
  func chosen() throws {
    let chosen = try InstructionSet.chosen(environment: [:])
    print("kernels chosen: \(chosen.rawValue)")
    #expect(chosen == InstructionSet.available.first)
    if let expected = ProcessInfo.processInfo.environment["KVSH_EXPECTED_KERNELS"] {
      #expect(chosen.rawValue == expected)
    }
  }
}
