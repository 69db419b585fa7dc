import KernelABI

/// Attention of an encoder: every token of a window sees all of them, from both sides.
struct EncoderAttention {
  let settings: EncoderSettings
  let kernels: KernelTable
  let pool: WorkerPool
  /// One a thread.
  private var scratch: [GrowingBuffer<Float>]

  init(settings: EncoderSettings, kernels: KernelTable, pool: WorkerPool) {
    self.settings = settings
    self.kernels = kernels
    self.pool = pool
    scratch = Array(repeating: GrowingBuffer(), count: pool.threads)
  }

  /// out = softmax(q k^T / sqrt(headDim)) v for every head of every window; all are [rows, hidden].
  mutating func attend(
    _ spans: [Range<Int>], queries: UnsafePointer<Float>, keys: UnsafePointer<Float>, values: UnsafePointer<Float>,
    out: UnsafeMutablePointer<Float>
  ) {
    let most = spans.map(\.count).max() ?? 0
    for worker in scratch.indices { scratch[worker].reserve(Scratch.count(most, settings.headDim)) }
    let bases = scratch.map(\.base)
    let heads = settings.heads
    pool.run(spans.count * heads) { task, worker in
      let (span, head) = (spans[task / heads], task % heads)
      let first = span.lowerBound * settings.hidden + head * settings.headDim
      attend(
        tokens: span.count, queries + first, keys + first, values + first, out + first,
        Scratch(bases[worker], span.count, settings.headDim))
    }
  }

  /// Where the parts of one task's memory lie.
  private struct Scratch {
    let queries: UnsafeMutablePointer<Float>  // [tokens, headDim]
    let keys: UnsafeMutablePointer<Float>  // [panels, headDim, 16 tokens]
    let values: UnsafeMutablePointer<Float>  // [headDim / 16, padded tokens, 16 channels]
    let weights: UnsafeMutablePointer<Float>  // [tokens, padded tokens]

    init(_ base: UnsafeMutablePointer<Float>, _ tokens: Int, _ headDim: Int) {
      let padded = (tokens + 15) / 16 * 16
      queries = base
      keys = queries + padded * headDim
      values = keys + padded * headDim
      weights = values + padded * headDim
    }

    static func count(_ tokens: Int, _ headDim: Int) -> Int {
      let padded = (tokens + 15) / 16 * 16
      return padded * (3 * headDim + padded)
    }
  }

  /// One head of one window; rows of q, k, v and out are `hidden` apart.
  private func attend(
    tokens: Int, _ queries: UnsafePointer<Float>, _ keys: UnsafePointer<Float>, _ values: UnsafePointer<Float>,
    _ out: UnsafeMutablePointer<Float>, _ scratch: Scratch
  ) {
    let (headDim, stride) = (settings.headDim, settings.hidden)
    let panels = (tokens + 15) / 16
    let padded = panels * 16
    let factor = 1 / Float(headDim).squareRoot()
    // Lanes past the last token are zero: what they give is not read, or has the weight 0.
    scratch.keys.update(repeating: 0, count: padded * headDim)
    scratch.values.update(repeating: 0, count: padded * headDim)
    for token in 0..<tokens {
      let row = token * stride
      for channel in 0..<headDim {
        scratch.queries[token * headDim + channel] = queries[row + channel] * factor
        scratch.keys[(token / 16 * headDim + channel) * 16 + token % 16] = keys[row + channel]
      }
      for block in 0..<headDim / 16 {
        (scratch.values + (block * padded + token) * 16).update(from: values + row + block * 16, count: 16)
      }
    }
    kernels.multiplyFloat(
      scratch.queries, tokens, FloatPanels(elements: scratch.keys, element: .float32, width: headDim), 0..<panels,
      scratch.weights, padded)
    for token in 0..<tokens {
      let row = scratch.weights + token * padded
      let sum = kernels.exponentiate(row, tokens, kernels.maximum(row, tokens))
      kernels.scale(row, 1 / sum, tokens)
      (row + tokens).update(repeating: 0, count: padded - tokens)
    }
    kernels.multiplyFloat(
      scratch.weights, tokens, FloatPanels(elements: scratch.values, element: .float32, width: padded),
      0..<headDim / 16, out, stride)
  }
}
