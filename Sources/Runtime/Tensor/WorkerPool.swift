import CIntrinsics
import Foundation
import Synchronization

/// A fixed set of threads that share numbered tasks; the caller is one of them.
///
/// Workers spin briefly for the next job, since a decode step has a hundred of them, then sleep. Which thread runs which
/// task is not fixed, so tasks write disjoint memory and never add up across tasks.
public final class WorkerPool: Sendable {
  public let threads: Int
  /// Ends work that says it may be left undone.
  let cancellation: Cancellation?
  private let shared: Shared

  /// - Parameters:
  ///   - threads: at least one; the calling thread counts.
  ///   - cancellation: once it is set, stoppable work leaves out the tasks that have not begun.
  public init(threads: Int, cancellation: Cancellation? = nil) {
    self.threads = max(1, threads)
    self.cancellation = cancellation
    shared = Shared()
    for index in 1..<max(self.threads, 1) {
      let shared = shared
      let worker = Thread { shared.serve(as: index) }
      worker.stackSize = 1 << 20
      worker.start()
    }
  }

  deinit { shared.stop() }

  /// Runs tasks 0 ..< `tasks` on all threads and returns when every one is done; `worker` names the running thread.
  ///
  /// The threads serve one call at a time: one that comes while they are taken, also from inside a task, is run by the
  /// calling thread alone.
  func run(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if threads == 1 || tasks <= 1 {
      for task in 0..<max(tasks, 0) { body(task, 0) }
      return
    }
    guard shared.claim() else {
      for task in 0..<tasks { body(task, 0) }
      return
    }
    defer { shared.release() }
    withoutActuallyEscaping(body) { body in
      for first in stride(from: 0, to: tasks, by: Shared.mostTasks) {
        let count = min(Shared.mostTasks, tasks - first)
        if first == 0 { shared.run(count, body) } else { shared.run(count) { body(first + $0, $1) } }
      }
    }
  }

  func run(_ tasks: Int, _ body: (_ task: Int) -> Void) { run(tasks) { task, _ in body(task) } }

  /// As `run`, but its results are nothing unless `check` passes afterwards: a layer of a long prompt takes longer than a
  /// user who pressed Ctrl-C waits.
  func runStoppable(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    guard let cancellation else { return run(tasks, body) }
    run(tasks) { task, worker in if !cancellation.isCancelled { body(task, worker) } }
  }

  /// Whether the pool's work is to end; for long tasks, whose results are nothing unless `check` passes afterwards.
  var isCancelled: Bool { cancellation?.isCancelled ?? false }

  /// - Throws: `CancellationError` if the pool's work is to end.
  func check() throws { try cancellation?.check() }

  /// Splits `count` items into chunks of at least `grain`, a few per thread, and runs `body` on each range.
  func run(over count: Int, grain: Int, _ body: (Range<Int>) -> Void) {
    let chunks = max(1, min(count / max(grain, 1), threads * 4))
    run(chunks) { chunk in body(count * chunk / chunks..<count * (chunk + 1) / chunks) }
  }
}

/// What the threads of a pool see.
///
/// Safe to send: `job` is written before the release of a ticket with tasks left and read only by a thread that has
/// claimed one of them; the caller changes it again when all claimed tasks are counted in `done`.
private final class Shared: @unchecked Sendable {
  private static let spins = 4_000
  /// How often the caller offers its core to others before it sleeps.
  private static let yields = 200
  static let mostTasks = 0xffff

  /// Generation (32 bits), number of tasks (16), next task (16): one word, so that a thread that was asleep through a
  /// generation cannot take a task of it. A worker that lost its core is not waited for unless it holds a task.
  private let ticket = Atomic<UInt64>(0)
  private let done = Atomic<Int>(0)
  private let sleepers = Atomic<Int>(0)
  private let stopping = Atomic<Bool>(false)
  private let isTaken = Atomic<Bool>(false)
  private let condition = NSCondition()
  private let callerSleeps = Atomic<Bool>(false)
  private let allDone = NSCondition()
  private var job: ((Int, Int) -> Void)?

  func run(_ tasks: Int, _ body: @escaping (Int, Int) -> Void) {
    job = body
    done.store(0, ordering: .relaxed)
    let generation = (ticket.load(ordering: .relaxed) >> 32 &+ 1) & 0xffff_ffff
    ticket.store(generation << 32 | UInt64(tasks) << 16, ordering: .sequentiallyConsistent)
    if sleepers.load(ordering: .sequentiallyConsistent) > 0 { wake() }
    while work(0) {}
    var spin = 0
    while done.load(ordering: .acquiring) < tasks {
      spin += 1
      if spin < Self.spins {
        kv_spin_pause()
      } else if spin < Self.spins + Self.yields {
        sched_yield()
      } else {
        sleep(until: tasks)
      }
    }
    job = nil
  }

  /// A worker that lost its core to another program inside a task gets one back sooner if this thread leaves its own.
  private func sleep(until tasks: Int) {
    allDone.lock()
    callerSleeps.store(true, ordering: .sequentiallyConsistent)
    while done.load(ordering: .sequentiallyConsistent) < tasks { allDone.wait() }
    callerSleeps.store(false, ordering: .relaxed)
    allDone.unlock()
  }

  /// Takes the threads for one call; false if another has them.
  func claim() -> Bool { !isTaken.exchange(true, ordering: .acquiring) }

  func release() { isTaken.store(false, ordering: .releasing) }

  func stop() {
    stopping.store(true, ordering: .sequentiallyConsistent)
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

  private static func hasTask(_ ticket: UInt64) -> Bool { ticket & 0xffff < ticket >> 16 & 0xffff }

  /// Claims and runs one task; false if none is left.
  private func work(_ worker: Int) -> Bool {
    var seen = ticket.load(ordering: .acquiring)
    while Self.hasTask(seen) {
      let (exchanged, original) = ticket.weakCompareExchange(
        expected: seen, desired: seen &+ 1, ordering: .acquiringAndReleasing)
      if exchanged {
        execute(Int(seen & 0xffff), worker)
        done.add(1, ordering: .sequentiallyConsistent)
        if callerSleeps.load(ordering: .sequentiallyConsistent) { wakeCaller() }
        return true
      }
      seen = original
    }
    return false
  }

  /// Not inlined, so that the closure is let go before the task counts as done.
  @inline(never) private func execute(_ task: Int, _ worker: Int) { job?(task, worker) }

  func serve(as worker: Int) {
    var spin = 0
    while !stopping.load(ordering: .relaxed) {
      if work(worker) {
        spin = 0
      } else {
        spin += 1
        if spin < Self.spins { kv_spin_pause() } else { sleep() }
      }
    }
  }

  private func sleep() {
    condition.lock()
    sleepers.add(1, ordering: .sequentiallyConsistent)
    while !Self.hasTask(ticket.load(ordering: .sequentiallyConsistent)),
      !stopping.load(ordering: .sequentiallyConsistent)
    {
      condition.wait()
    }
    sleepers.subtract(1, ordering: .sequentiallyConsistent)
    condition.unlock()
  }
}
