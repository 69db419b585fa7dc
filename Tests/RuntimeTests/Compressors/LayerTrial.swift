import KernelABI
import Testing

@testable import Runtime

/// One layer's cache that is fed tokens without attention: what leaves is all that is looked at.
struct LayerTrial {
  let cache: LayerCache
  private var row: [Float]

  init(_ compressor: Compressor, kvHeads: Int = 3, headDim: Int = 64) {
    let shape = CacheShape(layers: 1, kvHeads: kvHeads, groupHeads: 3, headDim: headDim)
    cache = LayerCache(layer: 0, shape: shape, slots: compressor.slots, kernels: InstructionSet.base.table)
    row = [Float](repeating: 0.5, count: headDim)
  }

  func append(_ tokens: Int) {
    cache.extend(by: tokens)
    for head in 0..<cache.shape.kvHeads {
      for _ in 0..<tokens { cache.store.append(head: head, keys: row, values: row, stride: row.count, tokens: 1) }
    }
  }

  /// A prompt whose attention gave each key the column sum `sum(position)`.
  func prefill(_ tokens: Int, sums sum: ((Int) -> Float)? = nil) {
    append(tokens)
    if let sum {
      for head in 0..<cache.shape.kvHeads { cache.table(head: head)?.columnSums = (0..<tokens).map(sum) }
    }
    expect { try cache.finishPrefill() }
  }

  /// A step in which position p gets the weight `weight(p)`; positions that were attended, ascending.
  @discardableResult
  func step(weights weight: ((Int) -> Float)? = nil) -> [Int] {
    append(1)
    let attended = positions()
    if let weight {
      for head in 0..<cache.shape.kvHeads {
        let weights = cache.positions(head: head).map { weight(Int($0)) }
        cache.observeStep(head: head, weights: weights, count: weights.count)
      }
    }
    expect { try cache.finishStep() }
    return attended
  }

  private func expect(_ body: () throws -> Void) {
    do { try body() } catch { Issue.record(error) }
  }

  /// Positions held by a head, ascending.
  func positions(head: Int = 0) -> [Int] { cache.positions(head: head).map(Int.init).sorted() }
}
