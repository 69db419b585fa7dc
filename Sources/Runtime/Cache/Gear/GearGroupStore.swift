import KernelABI

/// GEAR's variant B: KIVI's groups, with outliers per key channel and value token, and low-rank parts per head.
///
/// New tokens wait exactly; each full buffer of `interval` tokens becomes a block with its own low-rank part, and nothing
/// is compressed twice (sheet gear, variant B, streaming of the CUDA code).
final class GearGroupStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let settings: GearGroupSettings
  private let layer: Int
  private let heads: [GearGroupHead]
  private var transientBytes = 0

  init(shape: CacheShape, layer: Int, settings: GearGroupSettings, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.settings = settings
    self.layer = layer
    heads = (0..<shape.kvHeads).map { _ in GearGroupHead(shape, settings, kernels) }
  }

  func count(head: Int) -> Int { heads[head].packedKeys.count + heads[head].exact.keys.count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].exact.keys.append(keys, stride: stride, tokens: tokens)
    heads[head].exact.values.append(values, stride: stride, tokens: tokens)
  }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let head = heads[head]
    let boundary = head.packedKeys.count
    let packed = tokens.clamped(to: 0..<boundary)
    if !packed.isEmpty {
      head.packedKeys.scores(queries, rows: rows, tokens: packed, out, outStride: outStride, kernels)
      head.keyOutliers.list.addScores(
        queries, rows: rows, tokens: packed, out, outStride: outStride, head.packedKeys.restored, kernels)
      for part in head.parts {
        let covered = packed.clamped(to: part.first..<part.first + part.keys.tokens)
        guard !covered.isEmpty else { continue }
        part.keys.factors.addScores(
          queries, rows: rows, tokens: covered.lowerBound - part.first..<covered.upperBound - part.first,
          out + covered.lowerBound - tokens.lowerBound, outStride: outStride, kernels)
      }
    }
    let exact = max(tokens.lowerBound, boundary)..<max(tokens.upperBound, boundary)
    head.exact.scores(
      queries, rows: rows, tokens: exact.lowerBound - boundary..<exact.upperBound - boundary,
      out + exact.lowerBound - tokens.lowerBound, outStride: outStride, kernels)
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let head = heads[head]
    let boundary = head.packedValues.count
    let packed = tokens.clamped(to: 0..<boundary)
    if !packed.isEmpty {
      head.packedValues.accumulate(weights, weightStride: weightStride, rows: rows, tokens: packed, acc, kernels)
      head.valueOutliers.list.accumulate(
        weights, weightStride: weightStride, rows: rows, tokens: packed, acc, head.packedValues.restored, kernels)
      for part in head.parts {
        let covered = packed.clamped(to: part.first..<part.first + part.values.tokens)
        guard !covered.isEmpty else { continue }
        part.values.factors.accumulate(
          weights + covered.lowerBound - tokens.lowerBound, weightStride: weightStride, rows: rows,
          tokens: covered.lowerBound - part.first..<covered.upperBound - part.first, acc, kernels)
      }
    }
    let exact = max(tokens.lowerBound, boundary)..<max(tokens.upperBound, boundary)
    guard !exact.isEmpty else { return }
    kernels.accumulateValues(
      head.exact.values.rows, exact.lowerBound - boundary..<exact.upperBound - boundary,
      weights + exact.lowerBound - tokens.lowerBound, weightStride, rows, acc)
  }

  func keep(head: Int, slots: [Int]) { heads[head].exact.keep(slots) }
  /// Never called, since `removesTokens` is false.
  func remove(head: Int, slot: Int) {}
  var removesTokens: Bool { false }

  func finishPrefill() { pack(rank: settings.rank) }

  func finishStep() {
    guard heads.contains(where: { $0.exact.keys.count >= settings.interval }) else { return }
    pack(rank: settings.rankDecode)
  }

  /// Packs the whole intervals of every head's buffer as one block.
  private func pack(rank: Int) {
    let before = bytes
    let counts = heads.map { $0.exact.keys.count / settings.interval * settings.interval }
    let firsts = heads.map(\.packedKeys.count)
    let keyParts = heads.indices.map { head in
      heads[head].packKeys(counts[head]) { start(.keys, head, firsts[head] + counts[head], rank, counts[head]) }
    }
    packValueCodes(counts)
    for head in heads.indices where counts[head] > 0 {
      let values = heads[head].valueFactors(counts[head]) {
        start(.values, head, firsts[head] + counts[head], rank, counts[head])
      }
      heads[head].parts.append(GearGroupHead.Part(first: firsts[head], keys: keyParts[head], values: values))
    }
    let packed = bytes.counted - bytes.exactTail - before.counted + before.exactTail
    transientBytes = max(transientBytes, before.held + packed + counts.reduce(0, +) * shape.headDim * 4)
  }

  /// First vectors of power iteration for a block of a head.
  private func start(_ side: UniformCodes.Side, _ head: Int, _ token: Int, _ rank: Int, _ count: Int) -> [Float] {
    let stream = GearStream(layer: layer, side: side, head: head, token: token)
    return PowerIteration.start(
      columns: shape.headDim, rank: min(rank, count, shape.headDim), seed: settings.seed, stream: stream.number)
  }

  /// Codes and outliers of the values: a token's outliers are sought over the channels of all heads that hold it.
  private func packValueCodes(_ counts: [Int]) {
    let headDim = shape.headDim
    var done = 0
    for end in Set(counts).sorted() where end > done {
      let members = heads.indices.filter { counts[$0] >= end }
      let columns = members.count * headDim
      var numbers = [Float](repeating: 0, count: (end - done) * columns)  // [tokens, members, headDim]
      numbers.withUnsafeMutableBufferPointer { target in
        guard let base = target.baseAddress else { return }
        for token in done..<end {
          for (index, head) in members.enumerated() {
            heads[head].exact.values.read(token, into: base + (token - done) * columns + index * headDim)
          }
        }
      }
      let exact = numbers
      let places = Tails.replaceByMean(
        &numbers, .rows(rows: end - done, columns: columns), perEnd: settings.outliersPerEnd(length: columns),
        kernels)
      for place in places {
        let (token, column) = place.quotientAndRemainder(dividingBy: columns)
        let head = heads[members[column / headDim]]
        head.valueOutliers.append(
          token: head.packedValues.count + token, channel: column % headDim, exact[place])
      }
      numbers.withUnsafeBufferPointer { source in
        guard let base = source.baseAddress else { return }
        for (index, head) in members.enumerated() {
          for token in 0..<end - done {
            heads[head].packedValues.append(base + token * columns + index * headDim, tokens: 1)
          }
        }
      }
      done = end
    }
  }

  var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }

  /// Packing holds the exact block, its codes and one single-precision copy of it at once.
  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func storedBits(head: Int) -> [StoredBits] {
    let own = heads[head]
    return Self.storedBits(
      packed: (own.packedKeys.count, own.packedValues.count), bits: (settings.bits, settings.bits),
      exact: shape.element, count: count(head: head))
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[head]
    let packed = head.packedKeys.count
    return decodeRows(
      packed + head.exact.keys.count, shape.headDim,
      { $0 < packed ? head.readKey($0, into: $1) : head.exact.keys.read($0 - packed, into: $1) },
      { $0 < packed ? head.readValue($0, into: $1) : head.exact.values.read($0 - packed, into: $1) })
  }
}
