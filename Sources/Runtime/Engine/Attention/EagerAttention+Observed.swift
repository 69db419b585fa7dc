import KernelABI

/// What methods ask for beside the outputs: sums of a prompt's weights by key, and the weights of a step.
extension EagerAttention {
  /// One more read of a prompt's weights: their sums by key, the mean over the group's query heads.
  func addColumns(_ layouts: [Layout], _ scratch: EagerScratch, corner: Int? = nil) {
    let scores = scratch.scores.base
    for layout in layouts {
      let (shape, job) = (layout.shape, layout.job)
      pool.run(shape.kvHeads) { head in
        guard let table = job.cache.table(head: head) else { return }
        let total = job.total(head: head)
        table.columnSums.withUnsafeMutableBufferPointer { sums in
          guard let base = sums.baseAddress, sums.count >= total else { return }
          for token in 0..<job.tokens {
            for part in 0..<shape.groupHeads {
              let row = (head * shape.groupHeads + part) * job.tokens + token
              kernels.addScaled(
                base, scores + layout.scores + row * layout.stride, 1 / Float(shape.groupHeads), total)
            }
          }
        }
      }
    }
  }

  /// Makes one weight of a group's query heads, by the rule that the method asked for, before the cast.
  func gatherStepWeights(_ layouts: [Layout], _ scratch: EagerScratch) {
    let (scores, observed) = (scratch.scores.base, scratch.observed.base)
    for layout in layouts where layout.job.cache.needs.stepWeights {
      let (shape, job) = (layout.shape, layout.job)
      let rule = job.cache.needs.stepRule
      let share = rule == .mean ? 1 / Float(shape.groupHeads) : 1
      pool.run(shape.kvHeads) { head in
        let total = job.total(head: head)
        let target = observed + layout.observed + head * layout.stride
        for part in 0..<shape.groupHeads {
          let line = scores + layout.scores + (head * shape.groupHeads + part) * layout.stride
          if part == 0 {
            for slot in 0..<total { target[slot] = line[slot] * share }
          } else if rule == .max {
            for slot in 0..<total { target[slot] = max(target[slot], line[slot]) }
          } else {
            kernels.addScaled(target, line, share, total)
          }
        }
      }
    }
  }

  func observe(_ layouts: [Layout], _ scratch: EagerScratch) {
    let observed = scratch.observed.base
    let asking = layouts.filter { $0.job.cache.needs.stepWeights }
    guard !asking.isEmpty else { return }
    let tasks = asking.indices.flatMap { index in (0..<asking[index].shape.kvHeads).map { (index, $0) } }
    pool.run(tasks.count) { task in
      let (layout, head) = (asking[tasks[task].0], tasks[task].1)
      layout.job.cache.observeStep(
        head: head, weights: observed + layout.observed + head * layout.stride, count: layout.job.total(head: head))
    }
    clock.lap(.score)
  }
}
