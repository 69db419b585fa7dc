import KernelABI

/// Packed int groups with an exact residual: keys per channel, values per token (sheet kivi).
///
/// The exact part of keys breathes between 0 and residual - 1 tokens; that of values is a window of `residual` tokens.
final class GroupedStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let residual: Int
  private let heads: HeldObjects<GroupedHead>
  private let readings: AlignedBuffer<GroupedReading>  // [kvHeads]
  private var transientBytes = 0

  init(shape: CacheShape, keyBits: Int, valueBits: Int, group: Int, residual: Int, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.residual = residual
    heads = HeldObjects(
      (0..<shape.kvHeads).map { _ in
        GroupedHead(
          packedKeys: PackedKeys(headDim: shape.headDim, bits: keyBits, group: group),
          packedValues: PackedValues(headDim: shape.headDim, bits: valueBits, group: group), exact: ExactHead(shape))
      })
    readings = AlignedBuffer(count: shape.kvHeads)
    for head in heads.indices { note(head) }
  }

  func count(head: Int) -> Int { readings.base[head].tokens }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].with {
      $0.exact.keys.append(keys, stride: stride, tokens: tokens)
      $0.exact.values.append(values, stride: stride, tokens: tokens)
      readings.base[head].note($0.exact)
    }
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    readings.base[head].scores(queries, rows: rows, tokens: tokens, out, outStride: outStride, kernels)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    readings.base[head].accumulate(weights, weightStride: weightStride, rows: rows, tokens: tokens, acc, kernels)
  }

  /// Notes where a head's parts lie now; after whatever appends, packs or drops.
  private func note(_ head: Int) { readings.base[head] = heads[head].with { $0.reading } }

  func keep(head: Int, slots: [Int]) {
    heads[head].with { $0.exact.keep(slots) }
    note(head)
  }
  func remove(head: Int, slot: Int) {
    heads[head].with { $0.exact.remove(slot) }
    note(head)
  }
  func keyRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    let (packed, own) = heads[head].with { ($0.packedKeys, $0.exact) }
    for token in tokens.clamped(to: 0..<packed.count) {
      packed.read(token, into: rows + (token - tokens.lowerBound) * shape.headDim)
    }
    let exact = max(tokens.lowerBound, packed.count)..<max(tokens.upperBound, packed.count)
    own.keyRows(
      exact.lowerBound - packed.count..<exact.upperBound - packed.count,
      into: rows + (exact.lowerBound - tokens.lowerBound) * shape.headDim, kernels)
  }
  func valueRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    let (packed, own) = heads[head].with { ($0.packedValues, $0.exact) }
    for token in tokens.clamped(to: 0..<packed.count) {
      packed.read(token, into: rows + (token - tokens.lowerBound) * shape.headDim)
    }
    let exact = max(tokens.lowerBound, packed.count)..<max(tokens.upperBound, packed.count)
    own.valueRows(
      exact.lowerBound - packed.count..<exact.upperBound - packed.count,
      into: rows + (exact.lowerBound - tokens.lowerBound) * shape.headDim, kernels)
  }

  var removesTokens: Bool { false }

  /// Splits the prompt: all keys but the last (length mod residual), all values but the last `residual`.
  func finishPrefill() {
    let before = bytes.held
    heads.each { head in
      head.packKeys(head.exact.keys.count - head.exact.keys.count % residual, kernels)
      head.packValues(head.exact.values.count - residual, kernels)
    }
    heads.indices.forEach(note)
    let added = heads.sum { $0.packedBytes }
    transientBytes = max(transientBytes, before + added)
  }

  /// Packs `residual` keys at once when that many are exact, and the oldest exact value beyond the window.
  func finishStep() {
    for head in heads.indices {
      heads[head].with {
        if $0.exact.keys.count >= residual { $0.packKeys(residual, kernels) }
        if $0.exact.values.count > residual { $0.packValues(1, kernels) }
      }
      note(head)
    }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    heads.each { head in
      total.payload += head.packedKeys.payloadBytes + head.packedValues.payloadBytes
      total.scales += head.packedKeys.scaleBytes + head.packedValues.scaleBytes
      total.exactTail += (head.exact.keys.count + head.exact.values.count) * shape.headDim * shape.element.bytes
      total.slack += head.exact.keys.slackBytes + head.packedValues.slackBytes
    }
    return total
  }

  func readBytes(head: Int, tokens: Range<Int>, heads: Int) -> Int {
    self.heads[head].with { head in
      let keys = tokens.clamped(to: 0..<head.packedKeys.count)
      let values = tokens.clamped(to: 0..<head.packedValues.count)
      return head.packedKeys.readBytes(keys) + head.packedValues.readBytes(values)
        + (2 * tokens.count - keys.count - values.count) * shape.headDim * shape.element.bytes
    }
  }

  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func storedBits(head: Int) -> [StoredBits] {
    let own = heads.objects[head]
    return Self.storedBits(
      packed: (own.packedKeys.count, own.packedValues.count), bits: (own.packedKeys.bits, own.packedValues.bits),
      exact: shape.element, count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads.objects[head]
    let keys = head.packedKeys.count
    let values = head.packedValues.count
    return decodeRows(
      keys + head.exact.keys.count, shape.headDim,
      { $0 < keys ? head.packedKeys.read($0, into: $1) : head.exact.keys.read($0 - keys, into: $1) },
      { $0 < values ? head.packedValues.read($0, into: $1) : head.exact.values.read($0 - values, into: $1) })
  }
}

private final class GroupedHead {
  let packedKeys: PackedKeys
  let packedValues: PackedValues
  let exact: ExactHead

  init(packedKeys: PackedKeys, packedValues: PackedValues, exact: ExactHead) {
    self.packedKeys = packedKeys
    self.packedValues = packedValues
    self.exact = exact
  }

  var reading: GroupedReading {
    GroupedReading(
      tokens: packedKeys.count + exact.keys.count, packedKeys: packedKeys.count, keys: packedKeys.blocks,
      exactKeys: exact.keys.rows, packedValues: packedValues.count, values: packedValues.blocks,
      exactValues: exact.values.rows)
  }

  var packedBytes: Int {
    packedKeys.payloadBytes + packedKeys.scaleBytes + packedValues.payloadBytes + packedValues.scaleBytes
  }

  func packKeys(_ tokens: Int, _ kernels: KernelTable) {
    guard tokens > 0 else { return }
    let headDim = packedKeys.headDim
    withKernelScratch(of: Float.self, capacity: tokens * headDim) { scratch in
      guard let rows = scratch.baseAddress else { return }
      exact.keyRows(0..<tokens, into: rows, kernels)
      packedKeys.append(rows, tokens: tokens)
    }
    exact.dropKeys(tokens)
  }

  func packValues(_ tokens: Int, _ kernels: KernelTable) {
    guard tokens > 0 else { return }
    let headDim = packedValues.headDim
    withKernelScratch(of: Float.self, capacity: tokens * headDim) { scratch in
      guard let rows = scratch.baseAddress else { return }
      exact.valueRows(0..<tokens, into: rows, kernels)
      packedValues.append(rows, tokens: tokens)
    }
    exact.dropValues(tokens)
  }
}
