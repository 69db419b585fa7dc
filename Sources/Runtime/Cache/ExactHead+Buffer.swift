import KernelABI

/// An exact head as the buffer of a codec: tokens that wait to be packed, after slots that need not fill a block.
extension ExactHead {
  /// Scores of exactly the given tokens of the buffer, which may begin anywhere.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    keys.rows.scores(queries, rows: rows, tokens: tokens, out, outStride: outStride, kernels)
  }

  /// Keys of the given tokens of the buffer as rows [tokens, headDim].
  func keyRows(_ tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    var token = tokens.lowerBound
    if token % 16 == 0, tokens.count >= 16 {
      let blocks = token / 16..<tokens.upperBound / 16
      kernels.packing.keyRows(keys.rows, blocks, rows)
      token = blocks.upperBound * 16
    }
    while token < tokens.upperBound {
      keys.read(token, into: rows + (token - tokens.lowerBound) * keys.headDim)
      token += 1
    }
  }

  /// Values of the given tokens of the buffer as rows [tokens, headDim].
  func valueRows(_ tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    let first = tokens.lowerBound * values.headDim
    let count = tokens.count * values.headDim
    switch values.element {
    case .float16:
      kernels.floatFromHalf(values.rows.elements.assumingMemoryBound(to: UInt16.self) + first, count, rows)
    default:
      for token in tokens { values.read(token, into: rows + (token - tokens.lowerBound) * values.headDim) }
    }
  }

  /// Drops all keys, with the memory of a prompt's; that of a few is kept for the next ones, since mapping it anew and
  /// giving it back made other threads wait for the kernel.
  func releaseKeys() {
    guard keys.count > Self.fewTokens else { return keys.removeFirst(keys.count) }
    keys = ExactKeys(headDim: keys.headDim, element: keys.element)
  }

  /// Drops all values in the same way.
  func releaseValues() {
    guard values.count > Self.fewTokens else { return values.removeFirst(values.count) }
    values = ExactValues(headDim: values.headDim, element: values.element)
  }

  /// Drops the oldest keys; when a prompt goes, the rest moves into memory of its own size, so that the prompt's is freed.
  func dropKeys(_ tokens: Int) {
    guard tokens > Self.manyTokens else { return keys.removeFirst(tokens) }
    let rest = rows(tokens..<keys.count, keys.read)
    releaseKeys()
    append(rest) { keys.append($0, stride: keys.headDim, tokens: $1) }
  }

  /// Drops the oldest values in the same way.
  func dropValues(_ tokens: Int) {
    guard tokens > Self.manyTokens else { return values.removeFirst(tokens) }
    let rest = rows(tokens..<values.count, values.read)
    releaseValues()
    append(rest) { values.append($0, stride: values.headDim, tokens: $1) }
  }

  /// As many as wait for the next packing.
  private static var fewTokens: Int { 64 }
  /// More than one step or one residual block packs at once.
  private static var manyTokens: Int { 256 }

  /// Rows of a range of tokens in single precision, [tokens, headDim].
  func rows(_ tokens: Range<Int>, _ read: (Int, UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    let headDim = keys.headDim
    return [Float](unsafeUninitializedCapacity: tokens.count * headDim) { target, initialised in
      if let base = target.baseAddress {
        for token in tokens { read(token, base + (token - tokens.lowerBound) * headDim) }
      }
      initialised = tokens.count * headDim
    }
  }

  private func append(_ rows: [Float], _ write: (UnsafePointer<Float>, Int) -> Void) {
    rows.withUnsafeBufferPointer { source in
      if let base = source.baseAddress, !rows.isEmpty { write(base, rows.count / keys.headDim) }
    }
  }

  /// The tokens as a codec's exact tail.
  var tailBytes: ByteCount {
    var total = ByteCount()
    total.exactTail = (keys.count + values.count) * keys.headDim * keys.element.bytes
    total.slack = keys.slackBytes
    return total
  }
}

extension ExactRows {
  /// Scores of exactly the given tokens of keys, which may begin anywhere.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    guard !tokens.isEmpty else { return }
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    let width = blocks.count * 16
    withKernelScratch(of: Float.self, capacity: rows * width) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      kernels.keyScores(self, blocks, queries, rows, scratch, width)
      for row in 0..<rows {
        (out + row * outStride).update(
          from: scratch + row * width + tokens.lowerBound - blocks.lowerBound * 16, count: tokens.count)
      }
    }
  }
}
