import Foundation
import Synchronization

/// The time of short work: the least of many repetitions, since whatever else runs only ever adds to it.
enum BenchTiming {
  /// Keeps results alive, so that no work is left out as unused.
  static let sink = Atomic<UInt64>(0)

  /// Seconds of one call; repeats for about `budget` seconds, at least three times.
  static func leastSeconds(budget: Double = 0.15, _ work: () -> Void) -> Double {
    work()
    var least = Double.infinity
    var spent = 0.0
    var rounds = 0
    while rounds < 3 || spent < budget {
      let start = ContinuousClock.now
      work()
      let seconds = (ContinuousClock.now - start) / .seconds(1)
      least = min(least, seconds)
      spent += seconds
      rounds += 1
    }
    return max(least, 1e-9)
  }

  /// Seconds until `threads` threads have all done a share each; the least of several tries.
  static func leastSeconds(threads: Int, tries: Int = 7, _ share: @escaping @Sendable (_ thread: Int) -> UInt64)
    -> Double
  {
    var least = Double.infinity
    for _ in 0..<tries {
      let group = DispatchGroup()
      let gate = Atomic<Int>(0)
      let start = Mutex<ContinuousClock.Instant?>(nil)
      withExtendedLifetime(gate) {
        for thread in 0..<threads {
          let worker = Thread {
            gate.wrappingAdd(1, ordering: .sequentiallyConsistent)
            while gate.load(ordering: .sequentiallyConsistent) < threads {}
            start.withLock { $0 = $0 ?? .now }
            sink.wrappingAdd(share(thread), ordering: .relaxed)
            group.leave()
          }
          group.enter()
          worker.start()
        }
        group.wait()
      }
      if let first = start.withLock({ $0 }) { least = min(least, (ContinuousClock.now - first) / .seconds(1)) }
    }
    return max(least, 1e-9)
  }
}
