import KernelABI

/// What two neighbouring layers hold together (sheet minicache): merged tokens, and behind them each layer's newest tokens
/// as they are, 0 to residual - 1 of them between steps.
///
/// The shallower layer's task is to append and attend; the deeper one's packing merges for both.
final class MergedPair {
  let shape: CacheShape
  let kernels: KernelTable
  private let settings: LayerPairs
  let keys: [MergedKeys]  // [kvHeads]
  let values: [MergedValues]  // [kvHeads]
  let keptKeys = RetainedTokens()
  let keptValues = RetainedTokens()
  /// Tokens that have not been merged, [layer][kvHeads].
  let tails: [[ExactHead]]
  /// The least distance of keys and of values that is retained; nil before the first merge.
  private var keyLimit: Double?
  private var valueLimit: Double?
  /// Tokens that are to be merged now, and the slot of the first one.
  private var dueTokens = 0
  private var firstDue = 0
  private var transientBytes = 0

  init(shape: CacheShape, settings: LayerPairs, kernels: KernelTable) {
    self.shape = shape
    self.settings = settings
    self.kernels = kernels
    keys = (0..<shape.kvHeads).map { _ in
      MergedKeys(headDim: shape.headDim, element: shape.element, bits: settings.bits)
    }
    values = (0..<shape.kvHeads).map { _ in
      MergedValues(headDim: shape.headDim, element: shape.element, bits: settings.bits)
    }
    tails = (0..<2).map { _ in (0..<shape.kvHeads).map { _ in ExactHead(shape) } }
  }

  /// Bits of a number of a direction; nil if directions are exact.
  var directionBits: Int? { settings.bits < 16 ? settings.bits : nil }

  /// Merged tokens; the same for all heads.
  var count: Int { keys.first?.count ?? 0 }

  // MARK: Merging

  /// Notes how many tokens both layers hold that are to be merged now: all whole residuals.
  func prepare() -> Int {
    let held = tails.flatMap { $0.map(\.keys.count) }.min() ?? 0
    dueTokens = settings.residual == 0 ? held : held - held % settings.residual
    // Keys and values are merged at the same time: neither may see how far the other is.
    firstDue = count
    return dueTokens
  }

  /// The tokens' keys have been chosen to be merged; runs beside `mergeValues`.
  func mergeKeys(_ scratch: PackingScratch) {
    keyLimit = merge(
      limit: keyLimit, kept: keptKeys, scratch,
      read: { layer, head, tokens, rows in self.tails[layer][head].keyRows(tokens, into: rows, self.kernels) },
      append: { head, directions, lengths, tokens in
        self.keys[head].append(directions, lengths: lengths, tokens: tokens)
      }, retain: { layer, head, row in self.keys[head].retain(row, layer: layer) })
  }

  func mergeValues(_ scratch: PackingScratch) {
    valueLimit = merge(
      limit: valueLimit, kept: keptValues, scratch,
      read: { layer, head, tokens, rows in self.tails[layer][head].valueRows(tokens, into: rows, self.kernels) },
      append: { head, directions, lengths, tokens in
        self.values[head].append(directions, lengths: lengths, tokens: tokens)
      }, retain: { layer, head, row in self.values[head].retain(row, layer: layer) })
  }

  /// Both have been merged: the tokens leave the tails.
  func finishMerge() {
    transientBytes = max(transientBytes, heldBytes)
    for tail in tails.flatMap({ $0 }) {
      tail.dropKeys(dueTokens)
      tail.dropValues(dueTokens)
    }
    dueTokens = 0
  }

  /// The most that both layers held while merging since the last call.
  func takeTransientBytes() -> Int {
    defer { transientBytes = 0 }
    return transientBytes
  }

  /// Merges the due tokens of one tensor; returns the limit of retention, from these tokens if there was none.
  private func merge(
    limit: Double?, kept: RetainedTokens, _ scratch: PackingScratch,
    read: (_ layer: Int, _ head: Int, _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>) -> Void,
    append: (_ head: Int, _ directions: UnsafePointer<Float>, _ lengths: UnsafePointer<Float>, _ tokens: Int) -> Void,
    retain: (_ layer: Int, _ head: Int, _ row: UnsafePointer<Float>) -> Void
  ) -> Double {
    let (headDim, heads, due) = (shape.headDim, shape.kvHeads, dueTokens)
    let run = PackingScratch.runTokens
    // Rows of both layers and directions, [3, run, headDim]; lengths of both layers [2, run].
    scratch.rows.reserve(3 * run * headDim + 2 * run)
    let a = scratch.rows.base
    let (b, e) = (a + run * headDim, a + 2 * run * headDim)
    let lengths = e + run * headDim
    var angles = [Double](repeating: 0, count: heads * due)
    var isOpposite = [Bool](repeating: false, count: due)
    for head in 0..<heads {
      PackingScratch.runs(due) { tokens in
        read(0, head, tokens, a)
        read(1, head, tokens, b)
        for token in tokens {
          let row = (token - tokens.lowerBound) * headDim
          let angle = DirectionMerge.angle(a + row, b + row, headDim)
          angles[head * due + token] = angle
          if angle > DirectionMerge.opposite || !isStorable(a + row) || !isStorable(b + row) {
            isOpposite[token] = true
          }
        }
      }
    }
    let distances = (0..<due).map { token in
      (0..<heads).reduce(0.0) { $0 + angles[$1 * due + token] } / (Double(heads) * .pi)
    }
    let limit = limit ?? settings.retention.limit(least: distances.min() ?? 0, most: distances.max() ?? 0)
    let isRetained = (0..<due).map { isOpposite[$0] || distances[$0] >= limit }
    for head in 0..<heads {
      PackingScratch.runs(due) { tokens in
        read(0, head, tokens, a)
        read(1, head, tokens, b)
        for token in tokens {
          let index = token - tokens.lowerBound
          let row = index * headDim
          if isRetained[token] {
            retain(0, head, a + row)
            retain(1, head, b + row)
            (e + row).update(repeating: 0, count: headDim)
            (lengths[index], lengths[tokens.count + index]) = (0, 0)
          } else {
            settings.merge.direction(a + row, b + row, angle: angles[head * due + token], headDim, into: e + row)
            lengths[index] = Float(DirectionMerge.length(a + row, headDim))
            lengths[tokens.count + index] = Float(DirectionMerge.length(b + row, headDim))
          }
        }
        append(head, e, lengths, tokens.count)
      }
    }
    for token in 0..<due where isRetained[token] { kept.append(firstDue + token) }
    return limit
  }

  /// Whether the cache's element can hold a vector's length.
  private func isStorable(_ row: UnsafePointer<Float>) -> Bool {
    shape.element == .float32 || DirectionMerge.length(row, shape.headDim) < 65_504
  }

  // MARK: Bytes

  private var heldBytes: Int { bytes(layer: 0).held + bytes(layer: 1).held }

  /// What both layers share.
  private var sharedBytes: ByteCount {
    var total = ByteCount()
    for head in 0..<shape.kvHeads { total += keys[head].sharedBytes + values[head].sharedBytes }
    total.metadata += keptKeys.bytes + keptValues.bytes
    return total
  }

  private func ownBytes(layer: Int) -> ByteCount {
    var total = ByteCount()
    for head in 0..<shape.kvHeads {
      total += keys[head].ownBytes(layer: layer) + values[head].ownBytes(layer: layer) + tails[layer][head].tailBytes
    }
    return total
  }

  /// A layer's own bytes and its half of the shared ones.
  func bytes(layer: Int) -> ByteCount { ownBytes(layer: layer) + sharedBytes.half(layer) }

  /// What a step of one layer reads: all of what is shared.
  func readBytes(layer: Int) -> Int {
    let shared = sharedBytes
    return ownBytes(layer: layer).read + shared.read + shared.metadata
  }
}

extension ByteCount {
  /// One of two halves that add up to the whole.
  fileprivate func half(_ index: Int) -> ByteCount {
    func half(_ count: Int) -> Int { index == 0 ? count / 2 : count - count / 2 }
    var part = ByteCount()
    part.payload = half(payload)
    part.scales = half(scales)
    part.metadata = half(metadata)
    part.exactTail = half(exactTail)
    part.corrections = half(corrections)
    part.slack = half(slack)
    return part
  }
}
