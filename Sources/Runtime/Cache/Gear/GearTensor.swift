import KernelABI

/// The keys or the values of one layer, compressed as one tensor [kvHeads, tokens, headDim]: codes with one scale, exact
/// outliers and one low-rank pair over all heads (sheet gear, variant A).
final class GearTensor {
  /// What one head holds.
  final class Head {
    let codes: UniformCodes
    let outliers: TensorOutliers
    let lowRank: LowRankPart

    init(_ codes: UniformCodes, _ outliers: TensorOutliers, _ lowRank: LowRankPart) {
      self.codes = codes
      self.outliers = outliers
      self.lowRank = lowRank
    }
  }

  private(set) var heads: [Head]  // one Q of the low-rank part for all
  /// Bytes that the last compression worked in: the errors, the candidates for outliers and the old ones.
  private(set) var workBytes = 0
  private let side: UniformCodes.Side
  private let headDim: Int
  private let settings: GearTensorSettings
  private let kernels: KernelTable

  /// No tokens at all.
  init(
    _ side: UniformCodes.Side, heads: Int, headDim: Int, settings: GearTensorSettings, kernels: KernelTable
  ) {
    self.side = side
    self.headDim = headDim
    self.settings = settings
    self.kernels = kernels
    let quantiser = GroupQuantiser(bits: settings.bits, minimum: 0, maximum: 0)
    let none = PowerIteration.Factors(rank: 0, q: [], p: [])
    self.heads = (0..<heads).map { _ in
      Head(
        UniformCodes(side, tokens: 0, headDim: headDim, bits: settings.bits, quantiser: quantiser),
        TensorOutliers(side, headDim: headDim),
        LowRankPart(none, q: AlignedBuffer(count: 0), tokens: 0, channel: 0, headDim: headDim))
    }
  }

  /// Compresses what is held, as it is restored, and the tokens after it from scratch.
  ///
  /// A head ends with `counts[head]` tokens; `exact` writes a run of those that are not held yet, counted from the first
  /// of them. `start` gives power iteration its first P, [rank, heads * headDim], for a rank.
  func compress(
    _ counts: [Int], _ scratch: PackingScratch, start: (Int) -> [Float], exact: OutlierSearch.Reader
  ) {
    scratch.reserveRun(headDim: headDim)
    let old = heads
    let bytes = scratch.codes.base
    scratch.oldOutliers.removeAll()
    for head in old { head.outliers.unfold(into: &scratch.oldOutliers, scratch, kernels) }
    let oldOutliers = scratch.oldOutliers
    func read(_ head: Int, _ run: Range<Int>, _ rows: UnsafeMutablePointer<Float>) {
      let own = old[head]
      let held = run.clamped(to: 0..<own.codes.tokens)
      if !held.isEmpty {
        own.codes.restore(held, rows, scratch: bytes, kernels)
        oldOutliers.overwrite(head, held, rows, headDim: headDim)
        own.lowRank.addRows(held, rows, kernels)
      }
      guard held.count < run.count else { return }
      let first = max(run.lowerBound, own.codes.tokens) - own.codes.tokens
      exact(head, first..<first + run.count - held.count, rows + held.count * headDim)
    }

    let numbers = counts.reduce(0, +) * headDim
    let search = OutlierSearch(
      counts: counts, headDim: headDim, perEnd: settings.outliersPerEnd(numbers: numbers), kernels: kernels,
      scratch: scratch)
    let guess = guess(numbers)
    let coded = guess.flatMap { _ in CodedSearch(old, search, kernels) }
    let found =
      if let coded {
        search.find(guess, read) { coded.collect($0, $1, $2, $3, $4, exact) }
      } else {
        search.find(guess, read)
      }
    let quantiser = GroupQuantiser(bits: settings.bits, minimum: found.low, maximum: found.high).roundedToHalf()
    let codes = old.enumerated().map { head, old in
      UniformCodes(
        side, tokens: counts[head], headDim: headDim, bits: settings.bits, quantiser: quantiser, replacing: old.codes)
    }
    let tokens = counts.max() ?? 0
    let columns = counts.count * headDim
    scratch.errors.reserve(tokens * columns)
    let reach = quantiser.errorReach
    let errors = FixedRows(
      scratch.errors.base, unit: reach.isFinite ? reach / FixedRows.most : 0, columns: columns)
    let rank = settings.rank(tokens: tokens, channels: columns)
    let start = start(rank)
    let kept = counts.indices.map { KeptCodes(old[$0], codes[$0], errorUnit: errors.unit, kernels) }
    // The errors' first pass goes along while they are near.
    var first = settings.loops > 1 ? PowerPass(start, rank: rank, over: errors, kernels) : nil
    var rest = found.outliers
    PackingScratch.runs(tokens) { run in
      for head in counts.indices {
        if let kept = kept[head], kept.holds(run) {
          let found = kept.renew(
            run, of: head, outliers: rest[head], scratch,
            errors: scratch.errors.base + run.lowerBound * columns + head * headDim, columns: columns)
          rest[head] = rest[head].lowerBound + found..<rest[head].upperBound
        } else {
          quantise(head, run, counts[head], errors.unit, &rest[head], into: codes[head], scratch, read)
        }
      }
      first?.absorb(errors.from(run.lowerBound), rows: run.count)
    }
    let factors = PowerIteration.factors(
      errors, rows: tokens, start: start, loops: settings.loops, first: first, kernels)
    workBytes = 2 * tokens * columns + 12 * found.candidates + oldOutliers.bytes
    let q = LowRankPart.blocks(factors, tokens: tokens, kernels, spares: scratch.spareHalves)
    for head in old { head.outliers.give(to: scratch) }
    heads = counts.indices.map { head in
      let own = found.outliers[head]
      let outliers = TensorOutliers(
        side, places: scratch.places.base + own.lowerBound, numbers: scratch.numbers.base + own.lowerBound,
        count: own.count, tokens: counts[head], headDim: headDim, coded: quantiser.minimum, scratch: scratch, kernels)
      return Head(
        codes[head], outliers,
        LowRankPart(factors, q: q, tokens: tokens, channel: head * headDim, headDim: headDim))
    }
    if let shared = old.first?.lowRank { scratch.spareHalves.give(shared.q) }
  }

  /// Outliers and the numbers of the outermost codes are candidates, if most of the tensor has been compressed before.
  private func guess(_ numbers: Int) -> OutlierSearch.Guess? {
    guard let held = heads.first?.codes, heads.reduce(0, { $0 + $1.codes.tokens }) * headDim * 2 > numbers else {
      return nil
    }
    let margin = held.quantiser.scale * CodedSearch.margin
    let top = held.quantiser.minimum + held.quantiser.levels * held.quantiser.scale
    return OutlierSearch.Guess(
      low: held.quantiser.minimum + margin, high: top - margin, near: (held.quantiser.minimum, top))
  }

  /// Stores the codes of a run of a head, which has `count` tokens, and writes what they miss to the errors; the codes of
  /// outliers, the first of the scratch's `rest`, are 0.
  private func quantise(
    _ head: Int, _ run: Range<Int>, _ count: Int, _ errorUnit: Float, _ rest: inout Range<Int>,
    into codes: UniformCodes, _ scratch: PackingScratch, _ read: OutlierSearch.Reader
  ) {
    let columns = heads.count * headDim
    let errors = scratch.errors.base + head * headDim
    let own = run.lowerBound..<max(run.lowerBound, min(run.upperBound, count))
    if !own.isEmpty {
      let rows = scratch.rows.base
      let bytes = scratch.codes.base
      read(head, own, rows)
      // Not a number has code 0 and error 0.
      let places = scratch.places.base
      let start = UInt32(truncatingIfNeeded: own.lowerBound * headDim)
      let end = UInt32(truncatingIfNeeded: own.upperBound * headDim)
      var next = rest.lowerBound
      while next < rest.upperBound, places[next] < end {
        rows[Int(places[next] &- start)] = .nan
        next &+= 1
      }
      rest = next..<rest.upperBound
      kernels.packing.quantiseUniform(
        rows, own.count, headDim, codes.quantiser.scale, codes.quantiser.minimum, codes.quantiser.levels, bytes,
        errorUnit > 0 ? 1 / errorUnit : 0, errors + own.lowerBound * columns, columns)
      (bytes + own.count * headDim).update(repeating: 0, count: (PackingScratch.runTokens - own.count) * headDim)
      codes.store(bytes, own, kernels)
    }
    for token in own.upperBound..<run.upperBound {
      (errors + token * columns).update(repeating: 0, count: headDim)
    }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    var tokens = 0
    for head in heads {
      tokens += head.codes.tokens
      total.payload += head.codes.payloadBytes
      total.corrections += head.outliers.bytes + head.lowRank.pBytes
      total.slack += head.codes.slackBytes + head.outliers.slackBytes
    }
    total.scales = tokens > 0 ? 4 : 0
    if let shared = heads.first?.lowRank {
      total.corrections += shared.qBytes
      total.slack += shared.slackBytes
    }
    return total
  }

  /// One token of a head as it is attended: codes, outliers over them, the low-rank part over both.
  func read(head: Int, _ token: Int, into target: UnsafeMutablePointer<Float>) {
    let own = heads[head]
    own.codes.read(token, into: target)
    own.outliers.overwrite(token, target)
    own.lowRank.add(token, to: target)
  }
}
