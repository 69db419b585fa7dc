import Foundation

/// A fixed set of threads that share numbered tasks; the caller is one of them.
///
/// Workers spin briefly for the next job, since a decode step has a hundred of them, then sleep. Which thread runs which
/// task is not fixed, so tasks write disjoint memory and never add up across tasks.
public final class WorkerPool: Sendable {
  public let threads: Int
  /// Ends work that says it may be left undone.
  let cancellation: Cancellation?
  private let crew: WorkerCrew

  /// - Parameters:
  ///   - threads: at least one; the calling thread counts.
  ///   - cancellation: once it is set, stoppable work leaves out the tasks that have not begun.
  public init(threads: Int, cancellation: Cancellation? = nil) {
    self.threads = max(1, threads)
    self.cancellation = cancellation
    crew = WorkerCrew(threads: self.threads)
    for index in 1..<max(self.threads, 1) {
      let crew = crew
      let worker = Thread { crew.serve(as: index) }
      worker.stackSize = 1 << 20
      worker.start()
    }
  }

  deinit { crew.stop() }

  /// Runs tasks 0 ..< `tasks` on all threads and returns when every one is done.
  ///
  /// The threads serve one call at a time: one that comes while they are taken, also from inside a task, is run by the
  /// calling thread alone.
  func run<Work: ParallelWork>(_ tasks: Int, _ work: Work) {
    guard threads > 1, tasks > 1, crew.claim() else {
      for task in 0..<max(tasks, 0) { work.run(task, 0) }
      return
    }
    defer { crew.release() }
    withUnsafePointer(to: work) { work in
      for first in stride(from: 0, to: tasks, by: WorkerShares.mostTasks) {
        crew.run(
          min(WorkerShares.mostTasks, tasks - first), WorkerShares.Job(kind: Work.self, address: work, first: first))
      }
    }
  }

  /// The same of a closure; `worker` names the running thread. A decode step's regions are `ParallelWork`, since a closure
  /// that other threads may call is allocated.
  func run(_ tasks: Int, _ body: (_ task: Int, _ worker: Int) -> Void) {
    if threads == 1 || tasks <= 1 {
      for task in 0..<max(tasks, 0) { body(task, 0) }
      return
    }
    withoutActuallyEscaping(body) { body in
      withUnsafePointer(to: ClosureWork.Call(body: body)) { run(tasks, ClosureWork(call: $0)) }
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
    let chunks = chunks(count, grain: grain)
    run(chunks) { chunk in body(count * chunk / chunks..<count * (chunk + 1) / chunks) }
  }

  func run(over count: Int, grain: Int, _ work: some RangeWork) {
    let chunks = chunks(count, grain: grain)
    run(chunks, RangedTasks(work: work, items: count, tasks: chunks))
  }

  private func chunks(_ count: Int, grain: Int) -> Int { max(1, min(count / max(grain, 1), threads * 4)) }
}
