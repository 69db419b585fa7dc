import Foundation
import Synchronization
import Testing

@testable import Runtime

struct WorkerPoolTests {
  /// How often each task of a run was run, and whether every worker's number was one of the pool's.
  private static func counts(_ pool: WorkerPool, _ tasks: Int) -> (counts: [Int], areWorkers: Bool) {
    let areWorkers = Atomic<Bool>(true)
    let counts = (0..<max(tasks, 1)).map { _ in Count() }
    pool.run(tasks) { task, worker in
      if !(0..<pool.threads).contains(worker) { areWorkers.store(false, ordering: .relaxed) }
      counts[task].value.add(1, ordering: .relaxed)
    }
    return (counts.prefix(tasks).map { $0.value.load(ordering: .relaxed) }, areWorkers.load(ordering: .relaxed))
  }

  private final class Count: Sendable { let value = Atomic<Int>(0) }

  @Test("every task is run once, however many there are for however many threads", arguments: 1...5)
  func once(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    for tasks in [0, 1, 2, 3, 7, 64, 1_000, 70_000] {
      let (counts, areWorkers) = Self.counts(pool, tasks)
      #expect(counts.count == tasks && counts.allSatisfy { $0 == 1 } && areWorkers)
    }
  }

  @Test("thousands of short runs one after the other, some after the threads have fallen asleep", arguments: [2, 3])
  func runs(_ threads: Int) {
    let pool = WorkerPool(threads: threads)
    let sum = Atomic<Int>(0)
    for run in 0..<5_000 {
      if run % 1_000 == 0 { Thread.sleep(forTimeInterval: 0.02) }
      pool.run(1 + run % 9) { task in sum.add(task + 1, ordering: .relaxed) }
    }
    let expected = (0..<5_000).reduce(0) { $0 + (1 + $1 % 9) * (2 + $1 % 9) / 2 }
    #expect(sum.load(ordering: .relaxed) == expected)
  }

  @Test(
    "a thread that is done helps the others: tasks that wait for all threads' tasks but one end",
    .timeLimit(.minutes(1)))
  func helps() {
    let pool = WorkerPool(threads: 2)
    let done = Atomic<Int>(0)
    // The first task of the caller's share waits for all others, of which half are in its own share.
    pool.run(64) { task in
      if task == 0 {
        while done.load(ordering: .acquiring) < 63 { Thread.sleep(forTimeInterval: 0.0001) }
      }
      done.add(1, ordering: .acquiringAndReleasing)
    }
    #expect(done.load(ordering: .relaxed) == 64)
  }

  @Test("a run inside a task, and runs of two callers at the same time, are all done")
  func nested() {
    let pool = WorkerPool(threads: 2)
    let sum = Atomic<Int>(0)
    pool.run(8) { _ in pool.run(5) { _ in sum.add(1, ordering: .relaxed) } }
    #expect(sum.load(ordering: .relaxed) == 40)
    DispatchQueue.concurrentPerform(iterations: 4) { _ in
      for _ in 0..<200 { pool.run(3) { _ in sum.add(1, ordering: .relaxed) } }
    }
    #expect(sum.load(ordering: .relaxed) == 40 + 4 * 200 * 3)
  }

  @Test("what tasks wrote is seen by the caller and by the tasks of the next run")
  func visibility() {
    let pool = WorkerPool(threads: 3)
    let numbers = UnsafeMutablePointer<Int>.allocate(capacity: 512)
    defer { numbers.deallocate() }
    numbers.initialize(repeating: 0, count: 512)
    for run in 1...2_000 {
      pool.run(512) { task in numbers[(task + run) % 512] += 1 }
      #expect(numbers[run % 512] == run)
    }
    #expect((0..<512).allSatisfy { numbers[$0] == 2_000 })
  }

  @Test("pools come and go")
  func lifetimes() {
    for threads in [1, 2, 4, 2, 3] {
      let counts = Self.counts(WorkerPool(threads: threads), 33).counts
      #expect(counts.allSatisfy { $0 == 1 })
    }
  }
}
