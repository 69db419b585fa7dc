import CIntrinsics
import Foundation
import KernelABI
import Synchronization

/// Where the ranks of a model meet: each brings its part of a layer's update, and takes the sum of all, added in the order of
/// the ranks, so that nothing depends on who came first.
///
/// Safe to send: a rank writes its own entries alone, and others read them between two barriers.
final class RankGroup: @unchecked Sendable {
  let ranks: Int
  private let arrived = Atomic<Int>(0)
  private let round = Atomic<Int>(0)
  private let hasFailed = Atomic<Bool>(false)
  private let partials: AlignedBuffer<UInt>  // [ranks]
  /// Processor seconds each rank has worked, a cache line each, those it waited left out.
  private let busy: AlignedBuffer<Double>  // [ranks, 8]
  private let started: AlignedBuffer<Double>  // [ranks, 8]
  private let reduced = Atomic<Int>(0)

  init(ranks: Int) {
    self.ranks = ranks
    partials = AlignedBuffer(count: ranks)
    busy = AlignedBuffer(count: ranks * 8)
    started = AlignedBuffer(count: ranks * 8)
  }

  /// A rank stops because another did.
  struct Abandoned: Error {}

  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_THREAD_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  func begin(rank: Int) { started.base[rank * 8] = Self.processorSeconds() }

  /// A rank's part of a pass is over, or has failed: the others are let go.
  func end(rank: Int, failed: Bool) {
    busy.base[rank * 8] += Self.processorSeconds() - started.base[rank * 8]
    if failed { hasFailed.store(true, ordering: .sequentiallyConsistent) }
  }

  /// All ranks have ended: the next pass begins anew.
  func reset() {
    guard hasFailed.load(ordering: .sequentiallyConsistent) else { return }
    hasFailed.store(false, ordering: .sequentiallyConsistent)
    arrived.store(0, ordering: .sequentiallyConsistent)
  }

  /// Waits for all ranks.
  ///
  /// - Throws: `Abandoned` if one of them will not come.
  private func meet(_ rank: Int) throws {
    busy.base[rank * 8] += Self.processorSeconds() - started.base[rank * 8]
    defer { started.base[rank * 8] = Self.processorSeconds() }
    let own = round.load(ordering: .sequentiallyConsistent)
    if arrived.add(1, ordering: .sequentiallyConsistent).newValue == ranks {
      arrived.store(0, ordering: .sequentiallyConsistent)
      round.add(1, ordering: .sequentiallyConsistent)
      return
    }
    var spins = 0
    while round.load(ordering: .sequentiallyConsistent) == own {
      if hasFailed.load(ordering: .sequentiallyConsistent) { throw Abandoned() }
      spins += 1
      if spins < 2_000 { kv_spin_pause() } else { sched_yield() }
    }
  }

  /// target += the sum of all ranks' `partial` [count], in the order of the ranks.
  func addSum(
    of partial: UnsafePointer<Float>, _ count: Int, rank: Int, to target: UnsafeMutablePointer<Float>,
    _ kernels: KernelTable
  ) throws {
    partials.base[rank] = UInt(bitPattern: partial)
    try meet(rank)
    let run = 1_024
    withUnsafeTemporaryAllocation(of: Float.self, capacity: run) { sum in
      guard let sum = sum.baseAddress else { return }
      for first in stride(from: 0, to: count, by: run) {
        let length = min(run, count - first)
        for other in 0..<ranks {
          guard let part = UnsafePointer<Float>(bitPattern: partials.base[other]) else { continue }
          if other == 0 {
            sum.update(from: part + first, count: length)
          } else {
            kernels.add(sum, part + first, length)
          }
        }
        kernels.add(target + first, sum, length)
      }
    }
    if rank == 0 { reduced.add(count * MemoryLayout<Float>.size, ordering: .relaxed) }
    // Nobody writes to its part before all have read it.
    try meet(rank)
  }

  /// What the ranks have done since the last call.
  func takeUse() -> RankUse {
    var use = RankUse()
    use.ranks = ranks
    for rank in 0..<ranks {
      use.busySeconds = max(use.busySeconds, busy.base[rank * 8])
      use.totalSeconds += busy.base[rank * 8]
      busy.base[rank * 8] = 0
    }
    use.reducedBytes = reduced.exchange(0, ordering: .relaxed)
    return use
  }
}

/// What ranks have worked and exchanged.
public struct RankUse: Equatable, Sendable {
  public var ranks = 1
  /// Processor seconds of the rank that worked longest, sums over ranks included and waiting left out: the time that as many
  /// free cores as ranks would take.
  public var busySeconds = 0.0
  /// Processor seconds of all ranks.
  public var totalSeconds = 0.0
  /// Bytes of updates that each rank brought to be added up.
  public var reducedBytes = 0

  public init() {}
}
