import KernelABI

/// One head of GEAR's variant B: packed groups, outliers, a low-rank part for each block, and the exact buffer.
final class GearGroupHead {
  /// The low-rank parts of one block of tokens.
  struct Part {
    let first: Int
    let keys: LowRankPart
    let values: LowRankPart
  }

  let packedKeys: PackedKeys
  let packedValues: PackedValues
  private(set) var keyOutliers: Outliers
  var valueOutliers: Outliers
  var parts: [Part] = []
  let exact: ExactHead
  private let settings: GearGroupSettings
  private let kernels: KernelTable

  init(_ shape: CacheShape, _ settings: GearGroupSettings, _ kernels: KernelTable) {
    self.settings = settings
    self.kernels = kernels
    packedKeys = PackedKeys(headDim: shape.headDim, bits: settings.bits, group: settings.group)
    packedValues = PackedValues(headDim: shape.headDim, bits: settings.bits, group: settings.group)
    keyOutliers = Outliers(headDim: shape.headDim)
    valueOutliers = Outliers(headDim: shape.headDim)
    exact = ExactHead(shape)
  }

  private var headDim: Int { packedKeys.headDim }

  /// Packs the oldest exact keys and returns the low-rank part of what their codes miss.
  func packKeys(_ count: Int, start: () -> [Float]) -> LowRankPart {
    let first = packedKeys.count
    let original = exact.rows(0..<count, exact.keys.read)
    var numbers = original
    let places = Tails.replaceByMean(
      &numbers, .columns(rows: count, columns: headDim), perEnd: settings.outliersPerEnd(length: count), kernels)
    for place in places {
      keyOutliers.append(token: first + place / headDim, channel: place % headDim, original[place])
    }
    numbers.withUnsafeBufferPointer { source in
      if let base = source.baseAddress { packedKeys.append(base, tokens: count) }
    }
    exact.dropKeys(count)
    return lowRank(original, first: first, count: count, start, packedKeys.read, keyOutliers.overwrite)
  }

  /// The low-rank part of what the codes of the oldest exact values miss; they have been packed before.
  func valueFactors(_ count: Int, start: () -> [Float]) -> LowRankPart {
    let original = exact.rows(0..<count, exact.values.read)
    exact.dropValues(count)
    return lowRank(
      original, first: packedValues.count - count, count: count, start, packedValues.read, valueOutliers.overwrite)
  }

  private func lowRank(
    _ original: [Float], first: Int, count: Int, _ start: () -> [Float],
    _ codes: (Int, UnsafeMutablePointer<Float>) -> Void, _ overwrite: (Int, UnsafeMutablePointer<Float>) -> Void
  ) -> LowRankPart {
    var error = exact.rows(0..<count) { token, row in
      codes(first + token, row)
      overwrite(first + token, row)
    }
    for place in error.indices { error[place] = original[place] - error[place] }
    let factors = error.withUnsafeBufferPointer { error in
      error.baseAddress.map {
        PowerIteration.factors(
          MatrixRows($0, columns: headDim), rows: count, start: start(), loops: settings.loops, kernels)
      } ?? PowerIteration.Factors(rank: 0, q: [], p: [])
    }
    return LowRankPart(
      factors, q: LowRankPart.blocks(factors, tokens: count, kernels), tokens: count, channel: 0, headDim: headDim)
  }

  func readKey(_ token: Int, into row: UnsafeMutablePointer<Float>) {
    packedKeys.read(token, into: row)
    keyOutliers.overwrite(token, row)
    for part in parts where (part.first..<part.first + part.keys.tokens).contains(token) {
      part.keys.add(token - part.first, to: row)
    }
  }

  func readValue(_ token: Int, into row: UnsafeMutablePointer<Float>) {
    packedValues.read(token, into: row)
    valueOutliers.overwrite(token, row)
    for part in parts where (part.first..<part.first + part.values.tokens).contains(token) {
      part.values.add(token - part.first, to: row)
    }
  }

  var bytes: ByteCount {
    var total = exact.tailBytes
    total.payload = packedKeys.payloadBytes + packedValues.payloadBytes
    total.scales = packedKeys.scaleBytes + packedValues.scaleBytes
    total.corrections = keyOutliers.bytes + valueOutliers.bytes
    total.slack += packedValues.slackBytes + keyOutliers.slackBytes + valueOutliers.slackBytes
    for part in parts {
      for side in [part.keys, part.values] {
        total.corrections += side.qBytes + side.pBytes
        total.slack += side.slackBytes
      }
    }
    return total
  }
}
