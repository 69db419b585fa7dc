/// Work in numbered tasks that threads share, as addresses and numbers alone: handing it to them allocates nothing, and no
/// thread counts a reference that the others count too. What it points at outlives it.
protocol ParallelWork: BitwiseCopyable {
  /// Runs one task; `worker` names the running thread.
  func run(_ task: Int, _ worker: Int)

  /// The same of the work that lies at an address.
  static func run(at address: UnsafeRawPointer, _ task: Int, _ worker: Int)
}

extension ParallelWork {
  static func run(at address: UnsafeRawPointer, _ task: Int, _ worker: Int) {
    address.assumingMemoryBound(to: Self.self).pointee.run(task, worker)
  }
}

/// Work on items in a row, the same for every item, of which a task takes a range.
protocol RangeWork: BitwiseCopyable {
  func run(_ items: Range<Int>)
}

/// A range of items for each task.
struct RangedTasks<Work: RangeWork>: ParallelWork {
  let work: Work
  let items: Int
  let tasks: Int

  func run(_ task: Int, _ worker: Int) { work.run(items * task / tasks..<items * (task + 1) / tasks) }
}

/// A closure as work; whoever makes it sees to it that the closure outlives it.
struct ClosureWork: ParallelWork {
  /// A struct, so that the closure lies in it as it is called.
  struct Call {
    let body: (_ task: Int, _ worker: Int) -> Void
  }

  let call: UnsafePointer<Call>

  func run(_ task: Int, _ worker: Int) { call.pointee.body(task, worker) }
}
