import CIntrinsics
import Foundation
import Synchronization

/// A fixed set of threads that share numbered tasks; the caller is one of them.
///
/// Workers spin briefly for the next job, since a decode step has a hundred of them, then sleep. Which thread runs which
/// task is not fixed, so tasks write disjoint memory and never add up across tasks.
public final class WorkerPool: Sendable {
  public let threads: Int
  private let shared: Shared

  /// - Parameter threads: at least one; the calling thread counts.
  public init(threads: Int) {
    self.threads = max(1, threads)
    shared = Shared(workers: self.threads - 1)
    for index in 1..<max(self.threads, 1) {
      let shared = shared
      let worker = Thread { shared.work(as: index) }
      worker.stackSize = 1 << 20
      worker.start()
    }
  }

  deinit { shared.stop() }

  /// Runs tasks 0 ..< `tasks` on all threads and returns when every one is done; `worker` names the running thread.
  ///
  /// One call at a time: the engine that owns the pool is the only caller.
  func run(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if threads == 1 || tasks <= 1 {
      for task in 0..<max(tasks, 0) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { shared.run(tasks, $0) }
  }

  func run(_ tasks: Int, _ body: (_ task: Int) -> Void) { run(tasks) { task, _ in body(task) } }

  /// Splits `count` items into chunks of at least `grain`, a few per thread, and runs `body` on each range.
  func run(over count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let chunks = max(1, min(count / max(grain, 1), threads * 4))
    run(chunks) { chunk in body(count * chunk / chunks..<count * (chunk + 1) / chunks) }
  }
}

/// What the threads of a pool see. Safe to send: `job` and `tasks` are written before the release of `generation` and
/// read after its acquire, and not again until every worker has counted itself out of `busy`.
private final class Shared: @unchecked Sendable {
  private static let spins = 4_000

  private let workers: Int
  private let generation = Atomic<Int>(0)
  private let next = Atomic<Int>(0)
  private let busy = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let condition = NSCondition()
  private var job: ((Int, Int) -> Void)?
  private var tasks = 0

  init(workers: Int) { self.workers = workers }

  func run(_ tasks: Int, _ body: @escaping (Int, Int) -> Void) {
    job = body
    self.tasks = tasks
    next.store(0, ordering: .relaxed)
    busy.store(workers, ordering: .relaxed)
    generation.add(1, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wake() }
    drain(body, tasks, 0)
    var spin = 0
    while busy.load(ordering: .acquiring) > 0 {
      // A worker that lost its core to another process gets it back sooner if this thread lets go.
      spin += 1
      if spin < Self.spins { kv_spin_pause() } else { sched_yield() }
    }
    job = nil
  }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
    wake()
  }

  private func wake() {
    condition.lock()
    condition.broadcast()
    condition.unlock()
  }

  private func drain(_ body: (Int, Int) -> Void, _ tasks: Int, _ worker: Int) {
    while true {
      let task = next.add(1, ordering: .relaxed).oldValue
      guard task < tasks else { return }
      body(task, worker)
    }
  }

  func work(as worker: Int) {
    var seen = 0
    while true {
      var spin = 0
      while generation.load(ordering: .acquiring) == seen {
        if stopping.load(ordering: .relaxed) { return }
        spin += 1
        if spin < Self.spins { kv_spin_pause() } else { sleep(while: seen) }
      }
      seen += 1
      if let job { drain(job, tasks, worker) }
      busy.subtract(1, ordering: .releasing)
    }
  }

  private func sleep(while seen: Int) {
    condition.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while generation.load(ordering: .sequentiallyConsistent) == seen, !stopping.load(ordering: .sequentiallyConsistent)
    {
      condition.wait()
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
