import CIntrinsics
import Foundation
import Synchronization

/// What the threads of a pool see: each has a share of the tasks of a run, and helps the others when it is done with its own.
///
/// Safe to send: a share's job is written before the release of any share of its run, and read only by a thread that has
/// claimed a task of that run; the caller goes on when the counts of all threads add up to the tasks. One caller at
/// a time has the threads.
final class WorkerCrew: @unchecked Sendable {
  private static let spins = 4_000
  /// How often the caller offers its core to others before it sleeps.
  private static let yields = 200

  private let shares: WorkerShares
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let callerSleeps = Atomic<Bool>(false)
  private let condition = NSCondition()
  private let allDone = NSCondition()

  init(threads: Int) {
    shares = WorkerShares(threads: threads)
  }

  /// Runs tasks 0 ..< `tasks` on all threads; the caller has claimed them.
  func run(_ tasks: Int, _ job: WorkerShares.Job) {
    let generation = shares.open(tasks, job)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .relaxed) > 0 { wake() }
    var own = 0
    while let claim = shares.claim(as: 0) {
      job.run(claim.task, 0)
      own += 1
    }
    var spin = 0
    while own + shares.finished(generation) < tasks {
      spin += 1
      if spin < Self.spins {
        kv_spin_pause()
      } else if spin < Self.spins + Self.yields {
        sched_yield()
      } else {
        sleep(until: tasks - own, generation)
      }
    }
  }

  /// A worker that lost its core to another program inside a task gets one back sooner if this thread leaves its own.
  private func sleep(until tasks: Int, _ generation: UInt64) {
    allDone.lock()
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    // Either this thread sees the last count, or the worker that wrote it sees that this one sleeps.
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    while shares.finished(generation) < tasks { allDone.wait() }
    callerSleeps.store(false, ordering: .relaxed)
    allDone.unlock()
  }

  /// Takes the threads for one call; false if another has them.
  func claim() -> Bool { shares.take() }

  func release() { shares.giveBack() }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    shares.close()
    wake()
  }

  private func wake() {
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  private func wakeCaller() {
    allDone.lock()
    allDone.signal()
    allDone.unlock()
  }

  /// Serves runs until the pool ends. A waiting thread looks at its own share alone, which nobody writes between runs.
  func serve(as worker: Int) {
    var seen: UInt64 = 0
    var counted: (generation: UInt64, tasks: Int) = (0, 0)
    var spin = 0
    while true {
      let generation = shares.generation(worker)
      if generation != seen {
        if stopping.load(ordering: .relaxed) { return }
        seen = generation
        spin = 0
        guard let first = shares.claim(as: worker) else { continue }
        let count = execute(first.task, worker)
        counted = (first.generation, first.generation == counted.generation ? counted.tasks + count : count)
        shares.finish(counted.tasks, of: first.generation, as: worker)
        if callerSleeps.load(ordering: .sequentiallyConsistent) { wakeCaller() }
      } else {
        spin += 1
        if spin < Self.spins { kv_spin_pause() } else { sleep(worker, after: seen) }
      }
    }
  }

  /// Runs a claimed task and all that are left; returns how many they were.
  private func execute(_ first: Int, _ worker: Int) -> Int {
    let job = shares.job(worker)
    job.run(first, worker)
    var count = 1
    while let claim = shares.claim(as: worker) {
      job.run(claim.task, worker)
      count += 1
    }
    return count
  }

  private func sleep(_ worker: Int, after seen: UInt64) {
    condition.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    atomicMemoryFence(ordering: .sequentiallyConsistent)
    while shares.generation(worker) == seen { condition.wait() }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
