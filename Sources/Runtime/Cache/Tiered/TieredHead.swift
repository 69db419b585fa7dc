import KernelABI

/// One head of a cache with two tiers: demoted tokens in few bits, behind them the important ones.
final class TieredHead {
  let lower: TierCodes
  /// The upper tier once the prompt is complete, if it is packed too.
  let packed: TierCodes?
  /// The upper tier in full precision, or the prompt while it is read.
  let exact: ExactHead
  private let kernels: KernelTable
  private let headDim: Int
  /// What keys of the lower tier are multiplied by [headDim], and queries divided by; nil before the prompt is complete.
  private var balance: [Float]?
  /// The most bytes held while tokens of the prompt changed their tier.
  private var coexistingBytes = 0

  init(_ shape: CacheShape, _ settings: TieredSettings, _ kernels: KernelTable) {
    self.kernels = kernels
    headDim = shape.headDim
    let group = settings.group(headDim: shape.headDim)
    lower = TierCodes(headDim: headDim, bits: settings.lowBits, group: group)
    packed = settings.highBits == 16 ? nil : TierCodes(headDim: headDim, bits: settings.highBits, group: group)
    exact = ExactHead(shape)
  }

  var upperCount: Int { exact.keys.count + (packed?.count ?? 0) }
  var count: Int { lower.count + upperCount }

  // MARK: Tiers

  /// Fixes the balancer from the prompt: b = sqrt(max |q| / max |k|) a channel, 1 where either is 0 (sheet mikv, step 2).
  func setBalance(queryMaxima: UnsafePointer<Float>) {
    guard balance == nil else { return }
    var keyMaxima = [Float](repeating: 0, count: headDim)
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      guard let row = row.baseAddress else { return }
      for token in 0..<exact.keys.count {
        exact.keys.read(token, into: row)
        for channel in 0..<headDim { keyMaxima[channel] = max(keyMaxima[channel], abs(row[channel])) }
      }
    }
    balance = keyMaxima.enumerated().map { channel, key in
      let factor = (queryMaxima[channel] / key).squareRoot()
      return factor.isFinite && factor > 0 ? factor : 1
    }
  }

  /// Moves every token of the prompt but the given ones, ascending, to the lower tier.
  func demote(keeping slots: [Int]) {
    lower.reserve(upperCount - slots.count)
    var kept = slots.makeIterator()
    var next = kept.next()
    for slot in 0..<upperCount {
      if slot == next { next = kept.next() } else { appendToLower(slot) }
    }
    coexistingBytes = max(coexistingBytes, bytes.held)
    if let packed, packed.count > 0 { packed.keep(slots) } else { exact.keep(slots) }
  }

  /// Moves one token of the upper tier to the lower one; the upper tier's last takes its place.
  func demote(slot: Int) {
    appendToLower(slot)
    if let packed, packed.count > 0 { packed.remove(slot) } else { exact.remove(slot) }
  }

  private func appendToLower(_ slot: Int) {
    withKernelScratch(of: Float.self, capacity: 2 * headDim) { area in
      guard let key = area.baseAddress else { return }
      let value = key + headDim
      readUpper(slot, key: key, value: value)
      if let balance { for channel in 0..<headDim { key[channel] *= balance[channel] } }
      lower.append(key: key, value: value)
    }
  }

  /// The prompt is complete: what stays in the upper tier is packed, if that tier is.
  func packPrompt() {
    guard let packed, exact.keys.count > 0 else { return }
    packed.reserve(exact.keys.count)
    withKernelScratch(of: Float.self, capacity: 2 * headDim) { area in
      guard let key = area.baseAddress else { return }
      for slot in 0..<exact.keys.count {
        exact.keys.read(slot, into: key)
        exact.values.read(slot, into: key + headDim)
        packed.append(key: key, value: key + headDim)
      }
    }
    coexistingBytes = max(coexistingBytes, bytes.held)
    exact.releaseKeys()
    exact.releaseValues()
  }

  func append(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int, packs: Bool) {
    if packs, let packed {
      for token in 0..<tokens { packed.append(key: keys + token * stride, value: values + token * stride) }
    } else {
      exact.keys.append(keys, stride: stride, tokens: tokens)
      exact.values.append(values, stride: stride, tokens: tokens)
    }
  }

  // MARK: Attention

  /// Scores of slots from a multiple of 32 on.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int
  ) {
    let demoted = lower.count
    if demoted == 0, exact.keys.count > 0 {
      let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
      return kernels.keyScores(exact.keys.rows, blocks, queries, rows, out, outStride)
    }
    let below = min(tokens.lowerBound, demoted)..<min(tokens.upperBound, demoted)
    if !below.isEmpty {
      withBalanced(queries, rows: rows) {
        lower.scores($0, rows: rows, tokens: below, out, outStride: outStride, kernels)
      }
    }
    let above = max(0, tokens.lowerBound - demoted)..<max(0, tokens.upperBound - demoted)
    let target = out + demoted + above.lowerBound - tokens.lowerBound
    if let packed, packed.count > 0 {
      packed.scores(queries, rows: rows, tokens: above, target, outStride: outStride, kernels)
    } else {
      exact.scores(queries, rows: rows, tokens: above, target, outStride: outStride, kernels)
    }
  }

  /// Calls `body` with the queries [rows, headDim] divided by the balancer.
  private func withBalanced(_ queries: UnsafePointer<Float>, rows: Int, _ body: (UnsafePointer<Float>) -> Void) {
    guard let balance else { return body(queries) }
    withKernelScratch(of: Float.self, capacity: rows * headDim) { area in
      guard let balanced = area.baseAddress else { return }
      for row in 0..<rows {
        for channel in 0..<headDim {
          balanced[row * headDim + channel] = queries[row * headDim + channel] / balance[channel]
        }
      }
      body(balanced)
    }
  }

  /// Weighted sums of slots from a multiple of 32 on.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>
  ) {
    let demoted = lower.count
    let below = min(tokens.lowerBound, demoted)..<min(tokens.upperBound, demoted)
    lower.accumulate(weights, weightStride: weightStride, rows: rows, tokens: below, acc, kernels)
    let above = max(0, tokens.lowerBound - demoted)..<max(0, tokens.upperBound - demoted)
    guard !above.isEmpty else { return }
    let source = weights + demoted + above.lowerBound - tokens.lowerBound
    if let packed, packed.count > 0 {
      packed.accumulate(source, weightStride: weightStride, rows: rows, tokens: above, acc, kernels)
    } else {
      kernels.accumulateValues(exact.values.rows, above, source, weightStride, rows, acc)
    }
  }

  // MARK: Looking

  private func readUpper(_ slot: Int, key: UnsafeMutablePointer<Float>, value: UnsafeMutablePointer<Float>) {
    if let packed, packed.count > 0 {
      packed.read(slot, key: key, value: value)
    } else {
      exact.keys.read(slot, into: key)
      exact.values.read(slot, into: value)
    }
  }

  /// A slot's key as it is attended.
  func readKey(_ slot: Int, into target: UnsafeMutablePointer<Float>) {
    if slot < lower.count {
      lower.keys.read(slot, into: target)
      if let balance { for channel in 0..<headDim { target[channel] /= balance[channel] } }
    } else if let packed, packed.count > 0 {
      packed.keys.read(slot - lower.count, into: target)
    } else {
      exact.keys.read(slot - lower.count, into: target)
    }
  }

  func readValue(_ slot: Int, into target: UnsafeMutablePointer<Float>) {
    if slot < lower.count {
      lower.values.read(slot, into: target)
    } else if let packed, packed.count > 0 {
      packed.values.read(slot - lower.count, into: target)
    } else {
      exact.values.read(slot - lower.count, into: target)
    }
  }

  var bytes: ByteCount {
    let tail = exact.tailBytes
    var total = lower.bytes + (packed?.bytes ?? ByteCount())
    // Exact tokens are a tier of the cache, not a tail that waits to be packed.
    total.payload += tail.exactTail
    total.slack += tail.slack
    total.metadata += balance == nil ? 0 : headDim * MemoryLayout<Float>.size
    return total
  }

  /// The most that was held since the last call.
  func takePeakBytes() -> Int {
    defer { coexistingBytes = 0 }
    return max(coexistingBytes, bytes.held)
  }
}
