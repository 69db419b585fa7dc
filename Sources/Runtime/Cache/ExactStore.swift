import KernelABI

/// The uncompressed cache: half-precision keys and values, per head and ragged; also the store of evicting methods.
final class ExactStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let heads: HeldObjects<ExactHead>
  /// Where old tokens are copied to when new ones come; nil if they stay where they are.
  private let spares: SpareBuffers<UInt8>?

  init(shape: CacheShape, kernels: KernelTable, copyingTo spares: SpareBuffers<UInt8>? = nil) {
    self.kernels = kernels
    self.spares = spares
    self.shape = shape
    heads = HeldObjects((0..<shape.kvHeads).map { _ in ExactHead(shape) })
  }

  func count(head: Int) -> Int { heads[head].with { $0.keys.count } }

  func copy(_ other: any LayerStore) -> Bool {
    guard let other = other as? ExactStore else { return false }
    for (own, theirs) in zip(heads.objects, other.heads.objects) {
      own.keys = theirs.keys.copy()
      own.values = theirs.values.copy()
    }
    return true
  }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].with { own in
      let copied =
        own.keys.append(keys, stride: stride, tokens: tokens, copyingTo: spares)
        + own.values.append(values, stride: stride, tokens: tokens, copyingTo: spares)
      // Old rows are read and written, new ones written.
      own.movedBytes += 2 * copied + 2 * tokens * shape.headDim * shape.element.bytes
    }
  }

  func exactRows(head: Int) -> (keys: ExactRows, values: ExactRows)? {
    heads[head].with { ($0.keys.rows, $0.values.rows) }
  }

  func takeMovedBytes() -> Int {
    defer { heads.each { $0.movedBytes = 0 } }
    return heads.sum { $0.movedBytes }
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    kernels.keyScores(heads[head].with { $0.keys.rows }, blocks, queries, rows, out, outStride)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    kernels.accumulateValues(heads[head].with { $0.values.rows }, tokens, weights, weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { heads[head].with { $0.keep(slots) } }
  func remove(head: Int, slot: Int) { heads[head].with { $0.remove(slot) } }

  func keyRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    heads[head].with { $0.keyRows(tokens, into: rows, kernels) }
  }
  func valueRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    heads[head].with { $0.valueRows(tokens, into: rows, kernels) }
  }
  var replacesValues: Bool { true }
  func replaceValue(head: Int, slot: Int, with row: UnsafePointer<Float>) {
    heads[head].with { $0.values.replace(slot, with: row) }
  }

  var removesTokens: Bool { true }
  var rangeAlignment: Int { 16 }
  func finishPrefill() {}
  func finishStep() {}
  func packingTasks(_ moment: PackingMoment) -> Int { 0 }

  var bytes: ByteCount {
    var total = ByteCount()
    heads.each { head in
      total.payload += 2 * head.keys.count * shape.headDim * shape.element.bytes
      total.slack += head.keys.slackBytes
    }
    return total
  }

  func readBytes(head: Int, tokens: Range<Int>, heads: Int) -> Int {
    2 * tokens.count * shape.headDim * shape.element.bytes
  }

  func takePeakBytes() -> Int { bytes.held }

  func storedBits(head: Int) -> [StoredBits] {
    let bits = Double(shape.element.bytes * 8)
    return Array(repeating: StoredBits(key: bits, value: bits), count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads.objects[head]
    return decodeRows(head.keys.count, shape.headDim, head.keys.read, head.values.read)
  }
}

/// Exact keys and values of one head; an object of its own so that heads can be written by different threads.
final class ExactHead {
  var keys: ExactKeys
  var values: ExactValues
  /// Bytes moved to append, since the last look.
  var movedBytes = 0

  init(_ shape: CacheShape) {
    keys = ExactKeys(headDim: shape.headDim, element: shape.element)
    values = ExactValues(headDim: shape.headDim, element: shape.element)
  }

  /// Keeps the given slots, ascending; keys and values hold the same tokens.
  func keep(_ slots: [Int]) {
    for (target, slot) in slots.enumerated() where target != slot {
      keys.move(slot, to: target)
      values.move(slot, to: target)
    }
    let dropped = keys.count - slots.count
    keys.removeLast(dropped)
    values.removeLast(dropped)
    keys.shrink()
    values.shrink()
  }

  func remove(_ slot: Int) {
    let last = keys.count - 1
    if slot != last {
      keys.move(last, to: slot)
      values.move(last, to: slot)
    }
    keys.removeLast(1)
    values.removeLast(1)
  }
}

/// Reads `count` tokens through two row readers.
func decodeRows(
  _ count: Int, _ headDim: Int, _ key: (Int, UnsafeMutablePointer<Float>) -> Void,
  _ value: (Int, UnsafeMutablePointer<Float>) -> Void
) -> (keys: [Float], values: [Float]) {
  func rows(_ read: (Int, UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    [Float](unsafeUninitializedCapacity: count * headDim) { buffer, initialised in
      if let base = buffer.baseAddress { for token in 0..<count { read(token, base + token * headDim) } }
      initialised = count * headDim
    }
  }
  return (rows(key), rows(value))
}
