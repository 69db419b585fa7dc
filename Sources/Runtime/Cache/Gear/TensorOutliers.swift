import KernelABI

/// Outliers of one head of a tensor that is compressed as a whole: flat places token * headDim + channel, in four bytes
/// each, and half-precision values, in the order in which attention reads them: of keys by `OutlierMasks`, of values by
/// `OutlierGroups`. A class, so that handing it on counts one reference.
final class TensorOutliers {
  private var placeBuffer = GrowingBuffer<UInt32>()
  private var valueBuffer = GrowingBuffer<UInt16>()
  /// Of keys.
  private var entryBuffer = GrowingBuffer<UInt32>()
  private var startBuffer = GrowingBuffer<UInt32>()
  private let side: UniformCodes.Side
  /// Blocks of keys or runs of values.
  private var runs = 0
  private var entries = 0
  private(set) var count = 0
  /// With fillers.
  private var placeCount = 0
  /// What the codes say of an outlier's place, and fillers hold.
  private var coded: UInt16 = 0
  let headDim: Int

  init(_ side: UniformCodes.Side, headDim: Int) {
    self.side = side
    self.headDim = headDim
  }

  /// Outliers in the order of their places, of a head of `tokens` tokens; `coded` is what the codes say of their places.
  init(
    _ side: UniformCodes.Side, places: UnsafePointer<UInt32>, numbers: UnsafePointer<Float>, count: Int, tokens: Int,
    headDim: Int, coded: Float, scratch: PackingScratch, _ kernels: KernelTable
  ) {
    self.side = side
    self.headDim = headDim
    self.count = count
    self.coded = Half.bits(coded)
    switch side {
    case .keys:
      runs = (tokens + 15) / 16
      reserve(count, scratch)
      entryBuffer = GrowingBuffer(from: scratch.spareWords, count: count)
      scratch.masks.reserve(OutlierMasks.scratchWords(headDim: headDim))
      entries = kernels.corrections.maskOutliers(
        places, numbers, count, headDim, runs, placeBuffer.base, valueBuffer.base, entryBuffer.base, startBuffer.base,
        scratch.masks.base)
      placeCount = count
    case .values:
      runs = (tokens + OutlierGroups.runTokens - 1) / OutlierGroups.runTokens
      reserve(count + 3 * min(count, runs * headDim), scratch)
      scratch.halves.reserve(count)
      kernels.halfFromFloat(numbers, count, scratch.halves.base)
      scratch.masks.reserve(headDim)
      placeCount = scratch.masks.base.withMemoryRebound(to: UInt32.self, capacity: 2 * headDim) {
        kernels.corrections.groupOutliers(
          places, scratch.halves.base, count, headDim, runs, self.coded, placeBuffer.base, valueBuffer.base,
          startBuffer.base, $0)
      }
    }
  }

  private func reserve(_ most: Int, _ scratch: PackingScratch) {
    placeBuffer = GrowingBuffer(from: scratch.spareWords, count: most + 16)
    valueBuffer = GrowingBuffer(from: scratch.spareHalves, count: most + 16)
    startBuffer = GrowingBuffer(from: scratch.spareWords, count: 2 * runs + 2)
  }

  /// Leaves its memory to those that are made with `scratch`; there are no outliers then.
  func give(to scratch: PackingScratch) {
    placeBuffer.give(to: scratch.spareWords)
    valueBuffer.give(to: scratch.spareHalves)
    entryBuffer.give(to: scratch.spareWords)
    startBuffer.give(to: scratch.spareWords)
    (count, placeCount, entries, runs) = (0, 0, 0, 0)
  }

  /// What attention reads of keys, until the memory is given away; nil if there are none.
  var masks: OutlierMasks? {
    guard side == .keys, count > 0 else { return nil }
    return OutlierMasks(
      entries: entryBuffer.base, values: valueBuffer.base, starts: startBuffer.base, headDim: headDim,
      offset: Half.float(coded))
  }

  /// What attention reads of values.
  var groups: OutlierGroups? {
    guard side == .values, count > 0 else { return nil }
    return OutlierGroups(
      places: placeBuffer.base, values: valueBuffer.base, starts: startBuffer.base, headDim: headDim,
      offset: Half.float(coded))
  }

  var bytes: Int { count * 6 }
  /// Bytes of fillers, of entries, and of where blocks and runs begin.
  var slackBytes: Int {
    guard count > 0 else { return 0 }
    return (placeCount - count) * 6 + entries * 4 + (runs + 1) * (side == .keys ? 8 : 4)
  }

  /// Appends all outliers to a list of those of several heads.
  func unfold(into list: inout OutlierRuns, _ scratch: PackingScratch, _ kernels: KernelTable) {
    guard count > 0 else { return list.appendHead() }
    switch side {
    case .keys:
      let step = PackingScratch.runTokens / 16
      list.appendHead(
        places: placeBuffer.base, values: valueBuffer.base, count: count, runs: (runs + step - 1) / step, kernels
      ) { Int(startBuffer.base[2 * min(($0 + 1) * step, runs) + 1]) }
    case .values:
      guard let groups else { return }
      let parts = OutlierGroups.runTokens / PackingScratch.runTokens
      scratch.words.reserve(placeCount + 1)
      scratch.halves.reserve(placeCount + 1)
      scratch.starts.reserve(runs * parts + 1)
      let starts = scratch.starts.base
      kernels.corrections.unfoldOutliers(
        groups, runs, parts, coded, scratch.words.base, scratch.halves.base, starts)
      list.appendHead(
        places: scratch.words.base, values: scratch.halves.base, count: Int(starts[runs * parts]), runs: runs * parts,
        kernels
      ) { Int(starts[$0 + 1]) }
    }
  }

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    guard count > 0 else { return }
    let starts = startBuffer.base
    let range =
      switch side {
      case .keys: Int(starts[token / 16 * 2 + 1])..<Int(starts[token / 16 * 2 + 3])
      case .values: Int(starts[token / OutlierGroups.runTokens])..<Int(starts[token / OutlierGroups.runTokens + 1])
      }
    for index in range where side == .keys || valueBuffer.base[index] != coded {
      let place = Int(placeBuffer.base[index]) - token * headDim
      if (0..<headDim).contains(place) { row[place] = Half.float(valueBuffer.base[index]) }
    }
  }
}

extension OutlierMasks {
  /// Adds query . (exact - restored code) at the outliers' tokens; the range begins at a multiple of 16, whole blocks are
  /// written.
  func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    kernels.corrections.addMaskedScores(
      self, tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16, queries, rows, out, outStride)
  }
}

extension OutlierGroups {
  /// Adds weight * (exact - restored code) to the outliers' channels.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    withKernelScratch(bytes: 4 * Self.scratchFloats(headDim: headDim)) { area in
      kernels.corrections.addGroupedValues(
        self, tokens, weights, weightStride, rows, acc, area.assumingMemoryBound(to: Float.self))
    }
  }
}
