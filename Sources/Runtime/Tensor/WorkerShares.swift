import Synchronization

/// The tasks of a run, a share for each thread, and how many each thread has finished.
///
/// Threads that wrote one word, or two in one cache line, would wait for each other's line at every task: a thread's share
/// lies in a line of its own, what it has finished in another. Runs are numbered by generations, so that a thread that was
/// asleep through one cannot take a task of it.
struct WorkerShares: ~Copyable {
  /// A run's work as all threads find it: what kind it is, where it lies, and which of its tasks is the run's first.
  struct Job: BitwiseCopyable {
    let kind: any ParallelWork.Type
    let address: UnsafeRawPointer
    let first: Int

    @inline(__always) func run(_ task: Int, _ worker: Int) { kind.run(at: address, first + task, worker) }
  }

  /// A task and the run that it is of.
  struct Claim {
    let task: Int
    let generation: UInt64
  }

  static let mostTasks = 0xffff
  /// Two cache lines, as processors fetch them in pairs.
  private static let lineBytes = 128

  private let threads: Int
  /// A line with generation (32 bits), end (16) and next task (16) of a thread's share, and the job of its run; a line with
  /// generation (32) and the tasks that the thread has finished in it (32). Behind those of all threads a line that says
  /// whether a caller has them.
  private let base: UnsafeMutableRawPointer
  private var lines: Int { 2 * threads + 1 }

  init(threads: Int) {
    self.threads = threads
    base = .allocate(byteCount: (2 * threads + 1) * Self.lineBytes, alignment: Self.lineBytes)
    for line in 0..<lines { word(line).initialize(to: Atomic(0)) }
  }

  deinit {
    for line in 0..<lines { word(line).deinitialize(count: 1) }
    base.deallocate()
  }

  @inline(__always) private func word(_ line: Int) -> UnsafeMutablePointer<Atomic<UInt64>> {
    (base + line * Self.lineBytes).assumingMemoryBound(to: Atomic<UInt64>.self)
  }

  @inline(__always) private func share(_ thread: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { word(2 * thread) }

  @inline(__always) private func count(_ thread: Int) -> UnsafeMutablePointer<Atomic<UInt64>> { word(2 * thread + 1) }

  /// Takes the threads for one caller; false if another has them.
  func take() -> Bool { word(2 * threads).pointee.exchange(1, ordering: .acquiring) == 0 }

  func giveBack() { word(2 * threads).pointee.store(0, ordering: .releasing) }

  /// Opens a run of tasks 0 ..< `tasks`, which all threads but the caller's find with its job; returns its generation. All
  /// tasks of the run before are finished.
  func open(_ tasks: Int, _ job: Job) -> UInt64 {
    let generation = (share(0).pointee.load(ordering: .relaxed) >> 32 &+ 1) & 0xffff_ffff
    for thread in 1..<threads { place(thread).storeBytes(of: job, as: Job.self) }
    for thread in 0..<threads {
      let first = UInt64(tasks * thread / threads)
      let end = UInt64(tasks * (thread + 1) / threads)
      share(thread).pointee.store(generation << 32 | end << 16 | first, ordering: .releasing)
    }
    return generation
  }

  /// Opens a run of nothing, for threads to look up.
  func close() {
    for thread in 0..<threads { share(thread).pointee.wrappingAdd(1 << 32, ordering: .sequentiallyConsistent) }
  }

  /// Where a thread finds the job of its share's run.
  @inline(__always) private func place(_ thread: Int) -> UnsafeMutableRawPointer {
    base + 2 * thread * Self.lineBytes + MemoryLayout<UInt64>.stride
  }

  /// The job of the run of which a thread has claimed a task.
  func job(_ thread: Int) -> Job { place(thread).load(as: Job.self) }

  /// The newest run that has a share for a thread.
  @inline(__always) func generation(_ thread: Int) -> UInt64 { share(thread).pointee.load(ordering: .acquiring) >> 32 }

  /// The next task of a thread's share, or else of another's; nil if none is left.
  @inline(__always) func claim(as thread: Int) -> Claim? {
    var owner = thread
    repeat {
      let share = share(owner)
      var seen = share.pointee.load(ordering: .acquiring)
      while seen & 0xffff < seen >> 16 & 0xffff {
        let (exchanged, original) = share.pointee.weakCompareExchange(
          expected: seen, desired: seen &+ 1, ordering: .acquiringAndReleasing)
        if exchanged { return Claim(task: Int(seen & 0xffff), generation: seen >> 32) }
        seen = original
      }
      owner = owner + 1 < threads ? owner + 1 : 0
    } while owner != thread
    return nil
  }

  /// Notes that a thread has finished so many tasks of a run in all.
  func finish(_ tasks: Int, of generation: UInt64, as thread: Int) {
    count(thread).pointee.store(generation << 32 | UInt64(tasks), ordering: .sequentiallyConsistent)
  }

  /// Tasks of a run that threads other than the caller's have finished.
  @inline(__always) func finished(_ generation: UInt64) -> Int {
    var tasks: UInt64 = 0
    for thread in 1..<threads {
      let count = count(thread).pointee.load(ordering: .acquiring)
      if count >> 32 == generation { tasks += count & 0xffff_ffff }
    }
    return Int(tasks)
  }
}
