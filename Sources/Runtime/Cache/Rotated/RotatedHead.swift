import KernelABI

/// One head of QuaRot's cache: exact tokens of a prompt that goes on, or packed ones.
final class RotatedHead {
  let keys: TokenCodes
  let values: TokenCodes
  let exact: ExactHead
  private let settings: RotatedSettings
  private let kernels: KernelTable
  private let headDim: Int
  /// The largest power of two that divides the head dimension: the size of the Hadamard matrix.
  private let block: Int

  init(_ shape: CacheShape, _ settings: RotatedSettings, _ kernels: KernelTable) {
    self.settings = settings
    self.kernels = kernels
    headDim = shape.headDim
    block = shape.headDim & -shape.headDim
    let group = settings.group ?? shape.headDim
    keys = TokenCodes(.keys, headDim: shape.headDim, bits: settings.keyBits, group: group)
    values = TokenCodes(.values, headDim: shape.headDim, bits: settings.valueBits, group: group)
    exact = ExactHead(shape)
  }

  var count: Int { keys.count + exact.keys.count }

  // MARK: Packing

  /// Packs rows `stride` apart.
  func pack(keys keyRows: UnsafePointer<Float>, values valueRows: UnsafePointer<Float>, stride: Int, tokens: Int) {
    keys.reserve(tokens)
    values.reserve(tokens)
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      guard let row = row.baseAddress else { return }
      for token in 0..<tokens {
        row.update(from: keyRows + token * stride, count: headDim)
        pack(row, keys, holdsZero: true)
        row.update(from: valueRows + token * stride, count: headDim)
        pack(row, values, holdsZero: false)
      }
    }
  }

  /// The prompt is complete: packs its exact tokens.
  func packPrompt() {
    let tokens = exact.keys.count
    guard tokens > 0 else { return }
    keys.reserve(tokens)
    values.reserve(tokens)
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      guard let row = row.baseAddress else { return }
      for token in 0..<tokens {
        exact.keys.read(token, into: row)
        pack(row, keys, holdsZero: true)
        exact.values.read(token, into: row)
        pack(row, values, holdsZero: false)
      }
    }
    exact.releaseKeys()
    exact.releaseValues()
  }

  /// Packs one row, which is rotated in place. The published code stretches a key's range to hold zero, a value's not.
  private func pack(_ row: UnsafeMutablePointer<Float>, _ codes: TokenCodes, holdsZero: Bool) {
    if settings.rotates { kernels.lanes.hadamard(row, headDim, block) }
    withKernelScratch(of: UInt8.self, capacity: headDim) { bytes in
      withKernelScratch(of: StoredScale.self, capacity: headDim / codes.group) { scales in
        guard let bytes = bytes.baseAddress, let scales = scales.baseAddress else { return }
        for first in stride(from: 0, to: headDim, by: codes.group) {
          let quantiser = Self.quantiser(
            row + first, codes.group, bits: codes.bits, settings, holdsZero: holdsZero, isStored: true)
          for channel in first..<first + codes.group { bytes[channel] = quantiser.code(row[channel]) }
          scales[first / codes.group] = quantiser.stored
        }
        codes.append(bytes, scales)
      }
    }
  }

  /// The quantiser of one group of numbers.
  static func quantiser(
    _ numbers: UnsafePointer<Float>, _ count: Int, bits: Int, _ settings: RotatedSettings, holdsZero: Bool,
    isStored: Bool
  ) -> ClippedQuantiser {
    var low = holdsZero ? 0 : numbers[0]
    var high = low
    for index in 0..<count {
      low = min(low, numbers[index])
      high = max(high, numbers[index])
    }
    return ClippedQuantiser(
      bits: bits, symmetric: settings.symmetric, clip: Float(settings.clip), low: low, high: high, isStored: isStored)
  }

  // MARK: Attention

  /// Calls `body` with the queries [rows, headDim] as the keys are rotated.
  func withRotated(_ queries: UnsafePointer<Float>, rows: Int, _ body: (UnsafePointer<Float>) -> Void) {
    guard settings.rotates else { return body(queries) }
    withKernelScratch(of: Float.self, capacity: rows * headDim) { area in
      guard let rotated = area.baseAddress else { return }
      rotated.update(from: queries, count: rows * headDim)
      kernels.lanes.hadamard(rotated, rows * headDim, block)
      body(rotated)
    }
  }

  /// Adds what `body` sums up of rotated values, rotated back, to the rows [rows, headDim].
  func addRotatedBack(
    to acc: UnsafeMutablePointer<Float>, rows: Int, _ body: (UnsafeMutablePointer<Float>) -> Void
  ) {
    guard settings.rotates else { return body(acc) }
    withKernelScratch(of: Float.self, capacity: rows * headDim) { area in
      guard let sums = area.baseAddress else { return }
      sums.update(repeating: 0, count: rows * headDim)
      body(sums)
      kernels.lanes.hadamard(sums, rows * headDim, block)
      kernels.add(acc, sums, rows * headDim)
    }
  }

  // MARK: Leaving

  func keep(_ slots: [Int]) {
    guard keys.count > 0 else { return exact.keep(slots) }
    keys.keep(slots)
    values.keep(slots)
  }

  func remove(_ slot: Int) {
    guard keys.count > 0 else { return exact.remove(slot) }
    keys.remove(slot)
    values.remove(slot)
  }

  // MARK: Looking

  /// One packed token as it is attended, rotated back.
  func read(_ codes: TokenCodes, _ token: Int, into target: UnsafeMutablePointer<Float>) {
    codes.read(token, into: target)
    if settings.rotates { kernels.lanes.hadamard(target, headDim, block) }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    let exactBytes = exact.tailBytes
    // A prompt that goes on is the cache itself, not a tail.
    total.payload = keys.payloadBytes + values.payloadBytes + exactBytes.exactTail
    total.scales = keys.scaleBytes + values.scaleBytes
    total.slack = keys.slackBytes + values.slackBytes + exactBytes.slack
    return total
  }
}
