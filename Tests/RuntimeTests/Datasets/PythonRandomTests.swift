import Testing

@testable import Runtime

/// Golden values: CPython 3, `random.seed(s); ...` as each test says.
@Suite struct PythonRandomTests {
  @Test("the first outputs of Random(0) are CPython's")
  func firstOutputs() {
    var generator = PythonRandom(seed: 0)
    #expect(
      (0..<5).map { _ in generator.nextWord() } == [
        3_626_764_237, 1_654_615_998, 3_255_389_356, 3_823_568_514, 1_806_341_205,
      ])
  }
}
