import KernelABI

/// One head of KVQuant's cache: exact first tokens, codes with their outliers, exact newest tokens.
///
/// Slots of the first tokens have codes too, which nobody reads, so that blocks begin where slots do.
final class BookHead {
  let keys: LaneBlocks
  let keyOutliers = SparseRows(blockTokens: 16)
  let values: LaneBlocks
  let valueOutliers = SparseRows(blockTokens: 32)
  /// The first tokens of the text, if they are kept exactly.
  let sinks: ExactHead
  /// Tokens that have not been packed.
  let exact: ExactHead
  /// Positions of the slots, once they are not the slots themselves.
  private var positions: [Int32]?
  /// Tokens of the text so far.
  private var seenTokens = 0

  init(_ shape: CacheShape, bits: Int) {
    keys = LaneBlocks(.keys, headDim: shape.headDim, bits: bits)
    values = LaneBlocks(.values, headDim: shape.headDim, bits: bits)
    sinks = ExactHead(shape)
    exact = ExactHead(shape)
  }

  /// Slots with codes; the first of them may be sinks.
  var packed: Int { keys.count }
  var sinkCount: Int { sinks.keys.count }
  var count: Int { packed + exact.keys.count }

  func position(_ slot: Int) -> Int { positions.map { Int($0[slot]) } ?? slot }

  /// Whether the slots of both stand for the same tokens.
  func holdsTheTokens(of other: BookHead) -> Bool { count == other.count && positions == other.positions }

  // MARK: Tokens that come and go

  func append(keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    exact.keys.append(keys, stride: stride, tokens: tokens)
    exact.values.append(values, stride: stride, tokens: tokens)
    positions?.append(contentsOf: (seenTokens..<seenTokens + tokens).map { Int32(truncatingIfNeeded: $0) })
    seenTokens += tokens
  }

  /// Before anything is packed.
  func keep(_ slots: [Int]) {
    if slots.count < exact.keys.count { positions = slots.map { Int32(truncatingIfNeeded: position($0)) } }
    exact.keep(slots)
  }

  /// Before anything is packed: of a prompt that streams.
  func remove(_ slot: Int) {
    var moved = positions ?? (0..<exact.keys.count).map { Int32(truncatingIfNeeded: $0) }
    moved.swapAt(slot, moved.count - 1)
    moved.removeLast()
    positions = moved
    exact.remove(slot)
  }

  /// Moves the first tokens of the text, if they lead the slots, to where they stay exact; returns how many.
  func takeSinks(_ most: Int) -> Int {
    guard packed == sinkCount else { return 0 }
    var count = 0
    while packed + count < most, count < exact.keys.count, position(packed + count) < most { count += 1 }
    guard count > 0 else { return 0 }
    let headDim = keys.headDim
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      withKernelScratch(of: UInt8.self, capacity: headDim) { zeros in
        guard let row = row.baseAddress, let zeros = zeros.baseAddress else { return }
        zeros.update(repeating: 0, count: headDim)
        for token in 0..<count {
          exact.keys.read(token, into: row)
          sinks.keys.append(row, stride: headDim, tokens: 1)
          exact.values.read(token, into: row)
          sinks.values.append(row, stride: headDim, tokens: 1)
          append(zeros, [], to: keys, keyOutliers)
          append(zeros, [], to: values, valueOutliers)
        }
      }
    }
    exact.dropKeys(count)
    exact.dropValues(count)
    return count
  }

  /// A number that is kept exactly, and its channel.
  typealias Outlier = (channel: Int, number: Float)

  /// Appends one token's codes [headDim] and outliers.
  func append(_ codes: UnsafePointer<UInt8>, _ outliers: [Outlier], to blocks: LaneBlocks, _ sparse: SparseRows) {
    blocks.append(codes)
    sparse.append(outliers)
  }

  var bytes: ByteCount {
    var total = exact.tailBytes + sinks.tailBytes
    let dead = sinkCount * keys.headDim * (keys.bits + values.bits) / 8
    total.payload = keys.payloadBytes + values.payloadBytes - dead
    total.corrections = keyOutliers.bytes + valueOutliers.bytes
    total.slack += keys.slackBytes + values.slackBytes + dead + keyOutliers.slackBytes + valueOutliers.slackBytes
    total.metadata = (positions?.count ?? 0) * 4
    return total
  }
}
