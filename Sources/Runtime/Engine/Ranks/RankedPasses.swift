import KernelABI

/// The ranks of a model behind the first one: each has its part of the weights, its caches, its working memory and its
/// threads.
final class RankedPasses {
  let group: RankGroup
  /// Ranks 1, 2, ...
  let others: [ForwardPass]
  /// A thread for each rank.
  private let callers: WorkerPool

  private init(group: RankGroup, others: [ForwardPass]) {
    self.group = group
    self.others = others
    callers = WorkerPool(threads: group.ranks)
  }

  /// The first rank's pass, which leads the others.
  ///
  /// - Parameter threads: of all ranks together; each has one at least.
  /// - Throws: `RuntimeProblem` K682 if the model does not divide so.
  static func leader(
    _ model: Model, ranks: Int, kernels: KernelTable, threads: Int, cancellation: Cancellation?
  ) throws -> ForwardPass {
    let group = RankGroup(ranks: ranks)
    let passes = try (0..<ranks).map { rank in
      let pass = ForwardPass(
        model: try model.rank(rank, of: ranks), kernels: kernels,
        pool: WorkerPool(threads: max(1, threads / ranks), cancellation: cancellation))
      pass.rank = (group, rank)
      return pass
    }
    passes[0].ranked = RankedPasses(group: group, others: Array(passes.dropFirst()))
    return passes[0]
  }

  /// Runs the segments on all ranks at the same time.
  ///
  /// - Throws: the first rank's error that is not another's consequence.
  func run(_ leader: ForwardPass, _ segments: [Segment], _ cancellation: Cancellation?) throws {
    let passes = [leader] + others
    let parts = passes.indices.map { rank in
      rank == 0 ? segments : segments.map { $0.moved(to: $0.cache.shards[rank - 1]) }
    }
    var problems = [(any Error)?](repeating: nil, count: passes.count)
    problems.withUnsafeMutableBufferPointer { problems in
      guard let problem = problems.baseAddress else { return }
      // As many threads as tasks, and every task waits for all: each thread has one.
      callers.run(passes.count) { rank in
        group.begin(rank: rank)
        do { try passes[rank].runAlone(parts[rank], cancellation) } catch { problem[rank] = error }
        group.end(rank: rank, failed: problem[rank] != nil)
      }
    }
    group.reset()
    let own = problems.compactMap { $0 }
    if let problem = own.first(where: { !($0 is RankGroup.Abandoned) }) ?? own.first { throw problem }
  }
}
