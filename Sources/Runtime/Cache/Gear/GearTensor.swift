import KernelABI

/// The keys or the values of one layer, compressed as one tensor [kvHeads, tokens, headDim]: codes with one scale, exact
/// outliers and one low-rank pair over all heads (sheet gear, variant A).
final class GearTensor {
  private(set) var codes: [UniformCodes]  // per head
  private(set) var outliers: [Outliers]  // per head
  private(set) var lowRank: [LowRankPart]  // per head, one Q for all
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
    codes = (0..<heads).map { _ in
      UniformCodes(side, tokens: 0, headDim: headDim, bits: settings.bits, quantiser: quantiser)
    }
    outliers = (0..<heads).map { _ in Outliers(headDim: headDim) }
    lowRank = (0..<heads).map { _ in LowRankPart(none, q: [], tokens: 0, channel: 0, headDim: headDim) }
  }

  /// Compresses what is held, as it is restored, and the tokens after it from scratch.
  ///
  /// A head ends with `counts[head]` tokens; `exact` writes a run of those that are not held yet, counted from the first
  /// of them. `start` gives power iteration its first P, [rank, heads * headDim], for a rank.
  func compress(
    _ counts: [Int], _ scratch: PackingScratch, start: (Int) -> [Float], exact: OutlierSearch.Reader
  ) {
    scratch.reserveRun(headDim: headDim)
    let old = (codes: codes, outliers: outliers, lowRank: lowRank)
    let bytes = scratch.codes.base
    scratch.exact.reserve(outliers.map(\.count).max() ?? 0)
    let exactNumbers = scratch.exact.base
    var next = 0
    func read(_ head: Int, _ run: Range<Int>, _ rows: UnsafeMutablePointer<Float>) {
      let held = run.clamped(to: 0..<old.codes[head].tokens)
      if !held.isEmpty {
        old.codes[head].restore(held, rows, scratch: bytes, kernels)
        if run.lowerBound == 0 {
          next = 0
          old.outliers[head].numbers(into: exactNumbers, kernels)
        }
        old.outliers[head].overwrite(held, rows, next: &next, numbers: exactNumbers)
        old.lowRank[head].addRows(held, rows, kernels)
      }
      guard held.count < run.count else { return }
      let first = max(run.lowerBound, old.codes[head].tokens) - old.codes[head].tokens
      exact(head, first..<first + run.count - held.count, rows + held.count * headDim)
    }

    let numbers = counts.reduce(0, +) * headDim
    let search = OutlierSearch(
      counts: counts, headDim: headDim, perEnd: settings.outliersPerEnd(numbers: numbers), kernels: kernels,
      scratch: scratch)
    let found = search.find(guess(numbers), read)
    outliers = found.outliers
    let quantiser = GroupQuantiser(bits: settings.bits, minimum: found.low, maximum: found.high).roundedToHalf()
    codes = old.codes.enumerated().map { head, old in
      UniformCodes(
        side, tokens: counts[head], headDim: headDim, bits: settings.bits, quantiser: quantiser, replacing: old)
    }
    quantise(counts, quantiser, scratch, read)

    let tokens = counts.max() ?? 0
    let columns = counts.count * headDim
    let factors = PowerIteration.factors(
      scratch.errors.base, rows: tokens, columns: columns,
      start: start(settings.rank(tokens: tokens, channels: columns)), loops: settings.loops, kernels)
    workBytes = 4 * tokens * columns + 12 * found.candidates
    let q = LowRankPart.blocks(factors, tokens: tokens, kernels)
    lowRank = counts.indices.map {
      LowRankPart(factors, q: q, tokens: tokens, channel: $0 * headDim, headDim: headDim)
    }
  }

  /// Outliers and the numbers of the outermost codes are candidates, if most of the tensor has been compressed before.
  private func guess(_ numbers: Int) -> OutlierSearch.Guess? {
    guard let held = codes.first, codes.reduce(0, { $0 + $1.tokens }) * headDim * 2 > numbers else { return nil }
    let margin = held.quantiser.scale / 4
    let top = held.quantiser.minimum + held.quantiser.levels * held.quantiser.scale
    return OutlierSearch.Guess(low: held.quantiser.minimum + margin, high: top - margin)
  }

  /// Stores the codes of all numbers but the outliers, whose codes are 0, and writes what they miss to the errors.
  private func quantise(
    _ counts: [Int], _ quantiser: GroupQuantiser, _ scratch: PackingScratch, _ read: OutlierSearch.Reader
  ) {
    let tokens = counts.max() ?? 0
    let columns = counts.count * headDim
    scratch.errors.reserve(tokens * columns)
    for (head, count) in counts.enumerated() {
      let errors = scratch.errors.base + head * headDim
      let rows = scratch.rows.base
      let bytes = scratch.codes.base
      var next = 0
      PackingScratch.runs(count) { run in
        read(head, run, rows)
        // Not a number has code 0 and error 0.
        outliers[head].overwrite(run, rows, next: &next, with: .nan)
        kernels.packing.quantiseUniform(
          rows, run.count, headDim, quantiser.scale, quantiser.minimum, quantiser.levels, bytes,
          errors + run.lowerBound * columns, columns)
        (bytes + run.count * headDim).update(repeating: 0, count: (PackingScratch.runTokens - run.count) * headDim)
        codes[head].store(bytes, run, kernels)
      }
      for token in count..<tokens { (errors + token * columns).update(repeating: 0, count: headDim) }
    }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    var tokens = 0
    for head in codes.indices {
      tokens += codes[head].tokens
      total.payload += codes[head].payloadBytes
      total.corrections += outliers[head].bytes + lowRank[head].pBytes
      total.slack += codes[head].slackBytes + outliers[head].slackBytes
    }
    total.scales = tokens > 0 ? 4 : 0
    if let shared = lowRank.first {
      total.corrections += shared.qBytes
      total.slack += shared.slackBytes
    }
    return total
  }

  /// One token of a head as it is attended: codes, outliers over them, the low-rank part over both.
  func read(head: Int, _ token: Int, into target: UnsafeMutablePointer<Float>) {
    codes[head].read(token, into: target)
    outliers[head].overwrite(token, target)
    lowRank[head].add(token, to: target)
  }
}
