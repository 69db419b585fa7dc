import KernelABI

/// The keys or the values of one layer, compressed as one tensor [kvHeads, tokens, headDim]: codes with one scale, exact
/// outliers and one low-rank pair over all heads (sheet gear, variant A).
final class GearTensor {
  /// What one head holds.
  final class Head {
    let codes: UniformCodes
    let outliers: Outliers
    let lowRank: LowRankPart

    init(_ codes: UniformCodes, _ outliers: Outliers, _ lowRank: LowRankPart) {
      self.codes = codes
      self.outliers = outliers
      self.lowRank = lowRank
    }
  }

  private(set) var heads: [Head]  // one Q of the low-rank part for all
  /// Bytes that the last compression worked in: the errors and the candidates for outliers.
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
        Outliers(headDim: headDim),
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
    scratch.exact.reserve(old.map(\.outliers.count).max() ?? 0)
    let exactNumbers = scratch.exact.base
    var next = 0
    func read(_ head: Int, _ run: Range<Int>, _ rows: UnsafeMutablePointer<Float>) {
      let own = old[head]
      let held = run.clamped(to: 0..<own.codes.tokens)
      if !held.isEmpty {
        own.codes.restore(held, rows, scratch: bytes, kernels)
        if run.lowerBound == 0 {
          next = 0
          own.outliers.numbers(into: exactNumbers, kernels)
        }
        own.outliers.overwrite(held, rows, next: &next, numbers: exactNumbers)
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
    let found = search.find(guess(numbers), read)
    let quantiser = GroupQuantiser(bits: settings.bits, minimum: found.low, maximum: found.high).roundedToHalf()
    let codes = old.enumerated().map { head, old in
      UniformCodes(
        side, tokens: counts[head], headDim: headDim, bits: settings.bits, quantiser: quantiser, replacing: old.codes)
    }
    quantise(counts, quantiser, found.outliers, into: codes, scratch, read)

    let tokens = counts.max() ?? 0
    let columns = counts.count * headDim
    let factors = PowerIteration.factors(
      .halves(scratch.errors.base), rows: tokens, columns: columns,
      start: start(settings.rank(tokens: tokens, channels: columns)), loops: settings.loops, kernels)
    workBytes = 2 * tokens * columns + 12 * found.candidates
    let q = LowRankPart.blocks(factors, tokens: tokens, kernels, spares: scratch.spareHalves)
    heads = counts.indices.map {
      Head(
        codes[$0], found.outliers[$0],
        LowRankPart(factors, q: q, tokens: tokens, channel: $0 * headDim, headDim: headDim))
    }
    for head in old { head.outliers.give(to: scratch) }
    if let shared = old.first?.lowRank { scratch.spareHalves.give(shared.q) }
  }

  /// Outliers and the numbers of the outermost codes are candidates, if most of the tensor has been compressed before.
  private func guess(_ numbers: Int) -> OutlierSearch.Guess? {
    guard let held = heads.first?.codes, heads.reduce(0, { $0 + $1.codes.tokens }) * headDim * 2 > numbers else {
      return nil
    }
    let margin = held.quantiser.scale / 4
    let top = held.quantiser.minimum + held.quantiser.levels * held.quantiser.scale
    return OutlierSearch.Guess(low: held.quantiser.minimum + margin, high: top - margin)
  }

  /// Stores the codes of all numbers but the outliers, whose codes are 0, and writes what they miss to the errors.
  private func quantise(
    _ counts: [Int], _ quantiser: GroupQuantiser, _ outliers: [Outliers], into codes: [UniformCodes],
    _ scratch: PackingScratch, _ read: OutlierSearch.Reader
  ) {
    let tokens = counts.max() ?? 0
    let columns = counts.count * headDim
    scratch.errors.reserve(tokens * columns)
    for (head, count) in counts.enumerated() {
      let errors = scratch.errors.base + head * headDim
      let rows = scratch.rows.base
      let bytes = scratch.codes.base
      let (codes, outliers) = (codes[head], outliers[head])
      var next = 0
      PackingScratch.runs(count) { run in
        read(head, run, rows)
        // Not a number has code 0 and error 0.
        outliers.overwrite(run, rows, next: &next, with: .nan)
        kernels.packing.quantiseUniform(
          rows, run.count, headDim, quantiser.scale, quantiser.minimum, quantiser.levels, bytes,
          errors + run.lowerBound * columns, columns)
        (bytes + run.count * headDim).update(repeating: 0, count: (PackingScratch.runTokens - run.count) * headDim)
        codes.store(bytes, run, kernels)
      }
      for token in count..<tokens { (errors + token * columns).update(repeating: 0, count: headDim) }
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
