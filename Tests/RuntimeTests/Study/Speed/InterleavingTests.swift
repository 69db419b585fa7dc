import Testing

@testable import Runtime

/// The order in which arms are timed, and what becomes of their times.
struct InterleavingTests {
  private final class Log { var order: [String] = [] }

  private func arms(_ labels: [String], _ log: Log, seconds: [String: [Double]] = [:], failAt: Int? = nil) -> [TimedArm]
  {
    labels.map { label in
      TimedArm(label) {
        if log.order.count == failAt { throw CancellationError() }
        let turn = log.order.filter { $0 == label }.count
        log.order.append(label)
        return TimedRun(seconds: seconds[label]?[turn] ?? 1, tokens: 100)
      }
    }
  }

  @Test("every arm runs once a round, each round begins with another, and warm-up rounds do not count")
  func order() throws {
    let log = Log()
    var told: [Int] = []
    let runs = try Interleaving.run(arms(["a", "b", "c"], log), warmups: 1, repeats: 2) { _, done in told.append(done) }
    #expect(log.order == ["a", "b", "c", "b", "c", "a", "c", "a", "b"])
    #expect(runs.map(\.count) == [2, 2, 2])
    #expect(told == Array(0..<9))
  }

  @Test("what was timed before a cancellation is kept")
  func cancelled() throws {
    let runs = try Interleaving.run(arms(["a", "b"], Log(), failAt: 3), warmups: 0, repeats: 5)
    #expect(runs.map(\.count) == [1, 2])
  }

  @Test("another problem of an arm is not swallowed")
  func problem() throws {
    let arm = TimedArm("a") { throw RuntimeProblem("K602", seen: "x") }
    #expect(throws: RuntimeProblem.self) { try Interleaving.run([arm], warmups: 0, repeats: 1) }
  }
}
