import KernelABI

@testable import Runtime

/// A store under test with the tokens that were put into it, and attention over it in plain double precision.
struct StoreTrial {
  let shape: CacheShape
  let store: any LayerStore
  private(set) var numbers: SeededNumbers

  init(_ codec: (any Codec)?, _ shape: CacheShape, set: InstructionSet = .base, seed: Int) {
    self.shape = shape
    store =
      codec?.makeStore(shape: shape, layer: 3, kernels: set.table) ?? ExactStore(shape: shape, kernels: set.table)
    numbers = SeededNumbers(seed)
  }

  /// Appends random tokens to every head, as a prompt or step by step.
  mutating func append(_ tokens: Int) {
    for head in 0..<shape.kvHeads {
      let keys = numbers.numbers(tokens * shape.headDim)
      let values = numbers.numbers(tokens * shape.headDim, scale: 0.5)
      append(head: head, keys: keys, values: values)
    }
  }

  func append(head: Int, keys: [Float], values: [Float]) {
    store.append(
      head: head, keys: keys, values: values, stride: shape.headDim, tokens: keys.count / shape.headDim)
  }

  mutating func prefill(_ tokens: Int) {
    append(tokens)
    store.finishPrefill()
  }

  mutating func decode(_ tokens: Int) {
    for _ in 0..<tokens {
      append(1)
      store.finishStep()
    }
  }

  /// Scores [rows, range rounded up to 32] of a range, by the store.
  func scores(_ head: Int, _ queries: [Float], _ range: Range<Int>) -> [[Float]] {
    let rows = queries.count / shape.headDim
    let width = (range.count + 31) / 32 * 32
    // A guard behind each row: nothing may be written past the rounded range.
    var out = [Float](repeating: .greatestFiniteMagnitude, count: rows * (width + 8))
    out.withUnsafeMutableBufferPointer { target in
      if let base = target.baseAddress {
        store.scores(head: head, queries: queries, rows: rows, tokens: range, out: base, outStride: width + 8)
      }
    }
    for row in 0..<rows {
      let guarded = out[row * (width + 8) + width..<(row + 1) * (width + 8)]
      precondition(guarded.allSatisfy { $0 == .greatestFiniteMagnitude }, "scores past the range")
    }
    return (0..<rows).map { Array(out[$0 * (width + 8)..<$0 * (width + 8) + range.count]) }
  }

  /// Weighted sums [rows][headDim], by the store; what follows a row's weights is NaN.
  func accumulated(_ head: Int, _ weights: [[Float]], _ range: Range<Int>) -> [[Float]] {
    let width = (range.count + 31) / 32 * 32
    var flat = [Float](repeating: .nan, count: weights.count * width)
    for (row, weight) in weights.enumerated() {
      for (i, w) in weight.enumerated() { flat[row * width + i] = w }
    }
    var acc = [Float](repeating: 0, count: weights.count * shape.headDim)
    acc.withUnsafeMutableBufferPointer { target in
      if let base = target.baseAddress {
        store.accumulate(
          head: head, weights: flat, weightStride: width, rows: weights.count, tokens: range, acc: base)
      }
    }
    return weights.indices.map { Array(acc[$0 * shape.headDim..<($0 + 1) * shape.headDim]) }
  }

  /// The largest difference of scores to double precision over `decoded()`, relative to the query's
  /// magnitudes times the largest key number: what rounding of codes, minima and corrections is relative to.
  func scoreError(_ head: Int, _ queries: [Float], _ range: Range<Int>) -> Double {
    let keys = store.decoded(head: head).keys
    let largest = Double(keys.reduce(0) { max($0, abs($1)) })
    let found = scores(head, queries, range)
    var worst = 0.0
    for row in found.indices {
      let query = queries[row * shape.headDim..<(row + 1) * shape.headDim]
      let allowance = fixedPointAllowance(
        terms: shape.headDim, factor: Double(query.reduce(0) { max($0, abs($1)) }), largest: largest)
      for (i, token) in range.enumerated() {
        var sum = 0.0
        var size = 1e-6
        for channel in 0..<shape.headDim {
          let query = Double(queries[row * shape.headDim + channel])
          sum += query * Double(keys[token * shape.headDim + channel])
          size += abs(query) * largest
        }
        worst = max(worst, (abs(Double(found[row][i]) - sum) - allowance) / size)
        if found[row][i].isNaN { worst = .infinity }
      }
    }
    return worst
  }

  /// What fixed point of 16 bits may be off by in packed stores: half a step a code, where a step is 1 / 32512 of the
  /// largest factor times scale, and codes times scale span at most twice the largest number.
  private func fixedPointAllowance(terms: Int, factor: Double, largest: Double) -> Double {
    store is ExactStore ? 0 : Double(terms) * factor * 2 * largest / (2 * 32_512)
  }

  /// The same for weighted sums of values.
  func valueError(_ head: Int, _ weights: [[Float]], _ range: Range<Int>) -> Double {
    let values = store.decoded(head: head).values
    let largest = Double(values.reduce(0) { max($0, abs($1)) })
    let found = accumulated(head, weights, range)
    var worst = 0.0
    for row in found.indices {
      let allowance = fixedPointAllowance(
        terms: range.count, factor: weights[row].reduce(0) { max($0, Double($1)) }, largest: largest)
      for channel in 0..<shape.headDim {
        var sum = 0.0
        var size = 1e-6
        for (i, token) in range.enumerated() {
          sum += Double(weights[row][i]) * Double(values[token * shape.headDim + channel])
          size += abs(Double(weights[row][i])) * largest
        }
        worst = max(worst, (abs(Double(found[row][channel]) - sum) - allowance) / size)
        if found[row][channel].isNaN { worst = .infinity }
      }
    }
    return worst
  }
}
