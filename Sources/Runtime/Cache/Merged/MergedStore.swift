import KernelABI

/// One layer's side of a merged pair: tokens that both layers share, restored as they are read, then its own newest ones.
final class MergedStore: LayerStore {
  let pair: MergedPair
  /// 0 for the shallower layer, 1 for the deeper one, behind whose prompt and steps tokens are merged.
  private let layer: Int

  init(_ pair: MergedPair, layer: Int) {
    self.pair = pair
    self.layer = layer
  }

  func count(head: Int) -> Int { pair.keys[head].count + pair.tails[layer][head].keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    pair.tails[layer][head].keys.append(keys, stride: stride, tokens: tokens)
    pair.tails[layer][head].values.append(values, stride: stride, tokens: tokens)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let merged = pair.keys[head].count
    let shared = tokens.clamped(to: 0..<merged)
    if !shared.isEmpty {
      pair.keys[head].scores(
        layer: layer, queries, rows: rows, tokens: shared, kept: pair.keptKeys, out, outStride: outStride, pair.kernels)
    }
    let first = max(tokens.lowerBound, merged)
    guard first < tokens.upperBound else { return }
    let tail = pair.tails[layer][head]
    let target = out + first - tokens.lowerBound
    if (first - merged) % 16 == 0, (first - tokens.lowerBound) % 16 == 0 {
      let blocks = (first - merged) / 16..<(tokens.upperBound - merged + 15) / 16
      pair.kernels.keyScores(tail.keys.rows, blocks, queries, rows, target, outStride)
    } else {
      tail.scores(
        queries, rows: rows, tokens: first - merged..<tokens.upperBound - merged, target, outStride: outStride,
        pair.kernels)
    }
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let merged = pair.values[head].count
    let shared = tokens.clamped(to: 0..<merged)
    if !shared.isEmpty {
      pair.values[head].accumulate(
        layer: layer, weights, weightStride: weightStride, rows: rows, tokens: shared, kept: pair.keptValues, acc,
        pair.kernels)
    }
    let first = max(tokens.lowerBound, merged)
    guard first < tokens.upperBound else { return }
    pair.kernels.accumulateValues(
      pair.tails[layer][head].values.rows, first - merged..<tokens.upperBound - merged,
      weights + first - tokens.lowerBound, weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { pair.tails[layer][head].keep(slots) }
  func remove(head: Int, slot: Int) { pair.tails[layer][head].remove(slot) }
  var removesTokens: Bool { false }

  func finishPrefill() { pack(.promptComplete) }
  func finishStep() { pack(.stepComplete) }

  func packingTasks(_ moment: PackingMoment) -> Int { layer == 1 && pair.prepare() > 0 ? 2 : 0 }

  func pack(_ task: Int, _ moment: PackingMoment, _ scratch: PackingScratch) {
    if task == 0 { pair.mergeKeys(scratch) } else { pair.mergeValues(scratch) }
  }

  func finishPacking(_ moment: PackingMoment) { pair.finishMerge() }

  var bytes: ByteCount { pair.bytes(layer: layer) }
  var readBytes: Int { pair.readBytes(layer: layer) }

  /// While both layers' tokens and the merged ones coexist, all that is more than now counts as the deeper layer's.
  func takePeakBytes() -> Int {
    let now = bytes.held
    return layer == 0 ? now : max(now, pair.takeTransientBytes() - pair.bytes(layer: 0).held)
  }

  /// A merged token's directions are held once for two layers; one that was too different is held for each beside them.
  func storedBits(head: Int) -> [StoredBits] {
    let exact = Double(pair.shape.element.bytes * 8)
    let half = (pair.directionBits.map(Double.init) ?? exact) / 2
    return (0..<count(head: head)).map { slot in
      guard slot < pair.keys[head].count else { return StoredBits(key: exact, value: exact) }
      return StoredBits(
        key: half + (pair.keptKeys.place(slot) != nil ? exact : 0),
        value: half + (pair.keptValues.place(slot) != nil ? exact : 0))
    }
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let merged = pair.keys[head].count
    let tail = pair.tails[layer][head]
    return decodeRows(
      merged + tail.keys.count, pair.shape.headDim,
      { token, target in
        if token < merged {
          self.pair.keys[head].read(token, layer: self.layer, kept: self.pair.keptKeys, into: target)
        } else {
          tail.keys.read(token - merged, into: target)
        }
      },
      { token, target in
        if token < merged {
          self.pair.values[head].read(token, layer: self.layer, kept: self.pair.keptValues, into: target)
        } else {
          tail.values.read(token - merged, into: target)
        }
      })
  }
}
