import KernelABI

/// KVQuant's cache: keys before their rotation with a range for each channel, values with a range for each token over
/// all heads, both as codes of a book beside exact outliers (sheet kvquant). A block of keys is restored, mended and turned
/// where scores are made of it.
final class BookStore: LayerStore {
  private let kernels: KernelTable
  private let shape: CacheShape
  private let settings: BookSettings
  private let book: BookLayer
  private let rotary: RotaryTable
  private let limits: [BookLimits]  // [kvHeads * headDim]
  private let ranges: AlignedBuffer<Float>  // [kvHeads * headDim]
  private let offsets: AlignedBuffer<Float>  // [kvHeads * headDim]
  private let keyLevels: AlignedBuffer<Float>
  private let valueLevels: AlignedBuffer<Float>
  private let heads: [BookHead]
  /// Ranges and offsets of values, one a token: of all heads together, or of each where they hold different tokens.
  private var scales: [TokenScales] = []
  /// The heads that share each of them.
  private var members: [[Int]] = []
  private var transientBytes = 0

  init(shape: CacheShape, book: BookLayer, settings: BookSettings, rotary: RotaryTable, kernels: KernelTable) {
    self.kernels = kernels
    self.shape = shape
    self.settings = settings
    self.book = book
    self.rotary = rotary
    let width = shape.kvHeads * shape.headDim
    limits = (0..<width).map { BookLimits(lower: book.keyLower[$0], upper: book.keyUpper[$0]) }
    ranges = AlignedBuffer(count: width)
    offsets = AlignedBuffer(count: width)
    for (channel, limit) in limits.enumerated() {
      ranges.base[channel] = limit.range
      offsets.base[channel] = limit.offset
    }
    keyLevels = LaneBlocks.table(book.keys.restored, bits: settings.bits)
    valueLevels = LaneBlocks.table(book.values.restored, bits: settings.bits)
    heads = (0..<shape.kvHeads).map { _ in BookHead(shape, bits: settings.bits) }
  }

  func count(head: Int) -> Int { heads[head].count }

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    heads[head].append(keys: keys, values: values, stride: stride, tokens: tokens)
  }

  func keep(head: Int, slots: [Int]) { heads[head].keep(slots) }
  /// Of a prompt that streams; never called after it, since `removesTokens` is false.
  func remove(head: Int, slot: Int) { heads[head].remove(slot) }
  var removesTokens: Bool { false }

  // MARK: Attention

  func scores(
    head index: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    let head = heads[index]
    let coded = tokens.clamped(to: 0..<head.packed)
    if coded.upperBound > max(coded.lowerBound, head.sinkCount) {
      scoreCodes(index, queries, rows, coded, out, outStride)
    }
    let sinks = tokens.clamped(to: 0..<head.sinkCount)
    head.sinks.scores(queries, rows: rows, tokens: sinks, out, outStride: outStride, kernels)
    let exact = max(tokens.lowerBound, head.packed)..<max(tokens.upperBound, head.packed)
    let target = out + exact.lowerBound - tokens.lowerBound
    if head.packed == 0 {
      let blocks = exact.lowerBound / 16..<(exact.upperBound + 15) / 16
      kernels.keyScores(head.exact.keys.rows, blocks, queries, rows, target, outStride)
    } else {
      head.exact.scores(
        queries, rows: rows, tokens: exact.lowerBound - head.packed..<exact.upperBound - head.packed, target,
        outStride: outStride, kernels)
    }
  }

  private func scoreCodes(
    _ index: Int, _ queries: UnsafePointer<Float>, _ rows: Int, _ tokens: Range<Int>,
    _ out: UnsafeMutablePointer<Float>, _ outStride: Int
  ) {
    let head = heads[index]
    let headDim = shape.headDim
    let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
    withKernelScratch(of: Float.self, capacity: BookKeys.scratchFloats(headDim: headDim)) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      rotary.withTurns(blocks: blocks, tokens: head.packed, position: head.position) { turns in
        head.keyOutliers.withBlocks { outliers in
          let keys = BookKeys(
            codes: head.keys.base, levels: keyLevels.base, ranges: ranges.base + index * headDim,
            offsets: offsets.base + index * headDim, bits: settings.bits, headDim: headDim, outliers: outliers,
            turns: turns)
          kernels.lanes.bookKeyScores(keys, blocks, queries, rows, out, outStride, scratch)
        }
      }
    }
  }

  func accumulate(
    head index: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    let head = heads[index]
    let coded = tokens.clamped(to: 0..<head.packed)
    if coded.upperBound > max(coded.lowerBound, head.sinkCount) {
      sumCodes(head, scales(of: index), weights, weightStride, rows, coded, acc)
    }
    let sinks = tokens.clamped(to: 0..<head.sinkCount)
    if !sinks.isEmpty {
      kernels.accumulateValues(head.sinks.values.rows, sinks, weights, weightStride, rows, acc)
    }
    let exact = max(tokens.lowerBound, head.packed)..<max(tokens.upperBound, head.packed)
    guard !exact.isEmpty else { return }
    kernels.accumulateValues(
      head.exact.values.rows, exact.lowerBound - head.packed..<exact.upperBound - head.packed,
      weights + exact.lowerBound - tokens.lowerBound, weightStride, rows, acc)
  }

  private func sumCodes(
    _ head: BookHead, _ scales: TokenScales, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
    _ tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>
  ) {
    let headDim = shape.headDim
    withKernelScratch(of: Float.self, capacity: TokenValues.scratchFloats) { scratch in
      guard let scratch = scratch.baseAddress else { return }
      let values = TokenValues(
        codes: head.values.base, levels: valueLevels.base, scales: scales.scales, minima: scales.minima,
        bits: settings.bits, headDim: headDim, groupChannels: headDim)
      kernels.lanes.accumulateTokenValues(values, tokens, weights, weightStride, rows, acc, scratch)
    }
    // The code of an outlier is 0: what it says there is the same for all channels of a token.
    let first = book.values.restored[0]
    head.valueOutliers.runs(tokens, headDim: headDim) { token in
      first * Half.float(scales[token, 0].scale) + Half.float(scales[token, 0].minimum)
    } body: { run, offset, scratch in
      kernels.corrections.addOutlierValues(run, weights + offset, weightStride, rows, acc, scratch)
    }
  }

  // MARK: Packing

  func finishPrefill() { pack() }
  func finishStep() { pack() }

  func packingTasks(_ moment: PackingMoment) -> Int { heads.contains { $0.exact.keys.count > 0 } ? 1 : 0 }

  /// Packs every exact token of every head.
  private func pack() {
    let before = bytes
    let taken = heads.map { $0.takeSinks(settings.sink) }
    if scales.isEmpty {
      let isShared = heads.allSatisfy { $0.holdsTheTokens(of: heads[0]) }
      members = isShared ? [Array(heads.indices)] : heads.indices.map { [$0] }
      scales = members.map { _ in TokenScales(groups: 1, blockTokens: 32) }
    }
    for (group, members) in members.enumerated() {
      for _ in 0..<taken[members[0]] { scales[group].append(Half.bits(0), Half.bits(0)) }
    }
    for (group, members) in members.enumerated() {
      packKeys(members)
      packValues(members, scales[group])
    }
    transientBytes = max(transientBytes, before.held + bytes.held - min(before.held, bytes.exactTail))
  }

  /// Packs the keys of heads that hold the same tokens: a cap on outliers counts over all of them.
  private func packKeys(_ members: [Int]) {
    let headDim = shape.headDim
    let held = heads[members[0]].exact.keys.count
    for head in members { heads[head].keys.reserve(held) }
    let cap = settings.cap.map { OutlierCap(most: $0) }
    withKernelScratch(of: Float.self, capacity: headDim) { row in
      withKernelScratch(of: UInt8.self, capacity: headDim * members.count) { codes in
        guard let row = row.baseAddress, let codes = codes.baseAddress else { return }
        for token in 0..<held {
          var outliers: [[BookHead.Outlier]] = []
          for (place, index) in members.enumerated() {
            let head = heads[index]
            head.exact.keys.read(token, into: row)
            rotary.turn(row, by: -head.position(head.packed))
            var own: [BookHead.Outlier] = []
            for channel in 0..<headDim {
              let limit = limits[index * headDim + channel]
              codes[place * headDim + channel] = limit.code(row[channel], book.keys)
              guard settings.outlier > 0, row[channel] > limit.upper || row[channel] < limit.lower else { continue }
              own.append((channel, row[channel]))
            }
            outliers.append(own)
          }
          if let cap { leave(cap, &outliers, members) }
          for (place, index) in members.enumerated() {
            let head = heads[index]
            head.append(codes + place * headDim, outliers[place], to: head.keys, head.keyOutliers)
          }
        }
      }
    }
    for head in members { heads[head].exact.dropKeys(held) }
  }

  /// Leaves a token's outliers over all heads those that the cap lets stay exact; the others are what their codes say.
  private func leave(_ cap: OutlierCap, _ outliers: inout [[BookHead.Outlier]], _ members: [Int]) {
    let headDim = shape.headDim
    var candidates: [OutlierCap.Candidate] = []
    for (place, index) in members.enumerated() {
      for outlier in outliers[place] {
        let limit = limits[index * headDim + outlier.channel]
        let normalised = (outlier.number - limit.offset) / max(0, limit.range)
        candidates.append(.init(channel: place * headDim + outlier.channel, normalised: normalised))
      }
    }
    let kept = Set(cap.kept(candidates))
    for place in members.indices { outliers[place].removeAll { !kept.contains(place * headDim + $0.channel) } }
  }

  /// Packs the values of heads that hold the same tokens: one range a token.
  private func packValues(_ members: [Int], _ scales: TokenScales) {
    let headDim = shape.headDim
    let held = heads[members[0]].exact.values.count
    for head in members { heads[head].values.reserve(held) }
    var numbers = [Float](repeating: 0, count: members.count * headDim)
    withKernelScratch(of: UInt8.self, capacity: headDim) { codes in
      guard let codes = codes.baseAddress else { return }
      for token in 0..<held {
        numbers.withUnsafeMutableBufferPointer { target in
          guard let base = target.baseAddress else { return }
          for (place, head) in members.enumerated() {
            heads[head].exact.values.read(token, into: base + place * headDim)
          }
        }
        let found = BookLimits.withoutOutliers(numbers, quantile: settings.quantile)
        let stored = found.limits.stored
        scales.append(stored.scale, stored.minimum)
        let range = Half.float(stored.scale)
        let offset = Half.float(stored.minimum)
        for (place, head) in members.enumerated() {
          var outliers: [BookHead.Outlier] = []
          for channel in 0..<headDim {
            let number = numbers[place * headDim + channel]
            if found.isOutlier[place * headDim + channel] {
              outliers.append((channel, number))
              codes[channel] = 0
            } else {
              codes[channel] = book.values.code(range > 0 ? (number - offset) / range : 0)
            }
          }
          heads[head].append(codes, outliers, to: heads[head].values, heads[head].valueOutliers)
        }
      }
    }
    for head in members { heads[head].exact.dropValues(held) }
  }

  // MARK: Looking

  var bytes: ByteCount {
    var total = heads.reduce(ByteCount()) { $0 + $1.bytes }
    let sinks = zip(members, scales).reduce(0) { $0 + heads[$1.0[0]].sinkCount }
    total.scales = scales.reduce(0) { $0 + $1.bytes } - sinks * 4
    total.slack += scales.reduce(0) { $0 + $1.slackBytes } + sinks * 4
    return total
  }

  func takePeakBytes() -> Int {
    defer { transientBytes = 0 }
    return max(transientBytes, bytes.held)
  }

  func storedBits(head index: Int) -> [StoredBits] {
    let head = heads[index]
    return (0..<head.count).map { slot in
      let bits = slot < head.packed && slot >= head.sinkCount ? Double(settings.bits) : Double(shape.element.bytes * 8)
      return StoredBits(key: bits, value: bits)
    }
  }

  func decoded(head index: Int) -> (keys: [Float], values: [Float]) {
    let head = heads[index]
    return decodeRows(
      head.count, shape.headDim,
      { slot, row in
        if slot < head.sinkCount { return head.sinks.keys.read(slot, into: row) }
        if slot >= head.packed { return head.exact.keys.read(slot - head.packed, into: row) }
        for channel in 0..<shape.headDim {
          row[channel] = limits[index * shape.headDim + channel].restored(head.keys.code(slot, channel), book.keys)
        }
        for outlier in head.keyOutliers.outliers(slot) { row[outlier.channel] = outlier.number }
        rotary.turn(row, by: head.position(slot))
      },
      { slot, row in
        if slot < head.sinkCount { return head.sinks.values.read(slot, into: row) }
        if slot >= head.packed { return head.exact.values.read(slot - head.packed, into: row) }
        let stored = scales(of: index)[slot, 0]
        for channel in 0..<shape.headDim {
          let level = book.values.restored[Int(head.values.code(slot, channel))]
          row[channel] = level * Half.float(stored.scale) + Half.float(stored.minimum)
        }
        for outlier in head.valueOutliers.outliers(slot) { row[outlier.channel] = outlier.number }
      })
  }

  /// The value ranges of a head's tokens, once some are packed.
  private func scales(of head: Int) -> TokenScales { scales[scales.count == 1 ? 0 : head] }
}
