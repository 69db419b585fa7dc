import KernelABI

/// Finds the outliers of a tensor that is read run by run: exactly those that `Tails` takes from all its numbers in the
/// order [head, token, channel].
///
/// Numbers outside a guessed range are collected in one pass and chosen from; the guess is widened if it was too tight.
struct OutlierSearch {
  /// Writes a run of a head's tokens as rows [tokens, headDim].
  typealias Reader = (_ head: Int, _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>) -> Void
  /// Appends the numbers of a run that are not between the two of a guess, and their places, in order; returns how many.
  typealias Collector = (
    _ head: Int, _ tokens: Range<Int>, _ guess: Guess, _ values: UnsafeMutablePointer<Float>,
    _ places: UnsafeMutablePointer<UInt32>
  ) -> Int

  let counts: [Int]
  let headDim: Int
  /// Outliers at each end; at most half the numbers.
  let perEnd: Int
  let kernels: KernelTable
  let scratch: PackingScratch

  struct Found {
    /// Each head's places and numbers in the scratch, in the order of the places.
    let outliers: [Range<Int>]
    /// Extremes of the tensor with zeros in the outliers' places.
    let low: Float
    let high: Float
    /// Numbers that they were chosen from.
    let candidates: Int
  }

  /// Numbers that are not between the two are candidates.
  struct Guess {
    let low: Float
    let high: Float
    /// Where the tails are believed to begin.
    let near: (low: Float, high: Float)

    init(low: Float, high: Float, near: (low: Float, high: Float)? = nil) {
      self.low = low
      self.high = high
      self.near = near ?? (low, high)
    }

    static let everything = Guess(low: .infinity, high: -.infinity)
  }

  private var total: Int { counts.reduce(0, +) * headDim }

  func find(_ guess: Guess?, _ read: Reader) -> Found {
    find(guess, read) { collectOutside($0, $1, $2, $3, $4, read) }
  }

  /// The same where numbers outside of `guess` can be had without reading all.
  func find(_ guess: Guess?, _ read: Reader, outside: Collector) -> Found {
    scratch.reserveRun(headDim: headDim)
    let wanted = min(perEnd, total / 2)
    guard wanted > 0 else { return plain(read) }
    if let guess, let found = choose(wanted, guess, outside) { return found }
    let all: Collector = { collectOutside($0, $1, $2, $3, $4, read) }
    for margin in [1.4, 3] {
      guard let guess = sampled(wanted, margin: margin, all) else { break }
      if let found = choose(wanted, guess, all) { return found }
    }
    return choose(wanted, .everything, all) ?? plain(read)
  }

  /// Reads a run and collects from it.
  func collectOutside(
    _ head: Int, _ tokens: Range<Int>, _ guess: Guess, _ values: UnsafeMutablePointer<Float>,
    _ places: UnsafeMutablePointer<UInt32>, _ read: Reader
  ) -> Int {
    read(head, tokens, scratch.rows.base)
    return kernels.corrections.collectOutside(
      scratch.rows.base, tokens.count * headDim, guess.low, guess.high,
      UInt32(truncatingIfNeeded: tokens.lowerBound * headDim), values, places)
  }

  /// No outliers.
  private func plain(_ read: Reader) -> Found {
    var low = Float.infinity
    var high = -Float.infinity
    for (head, count) in counts.enumerated() {
      PackingScratch.runs(count) { run in
        read(head, run, scratch.rows.base)
        kernels.corrections.extremes(scratch.rows.base, run.count * headDim, &low, &high)
      }
    }
    return Found(outliers: counts.map { _ in 0..<0 }, low: low, high: high, candidates: 0)
  }

  /// Collects the candidates of all heads, or of every `step`-th run; returns where each head's end.
  private func collect(_ guess: Guess, every step: Int, _ outside: Collector) -> [Int] {
    var found = 0
    return counts.indices.map { head in
      PackingScratch.runs(counts[head]) { run in
        guard run.lowerBound / PackingScratch.runTokens % step == 0 else { return }
        let most = found + run.count * headDim + 16
        scratch.numbers.reserve(most, keeping: found)
        scratch.places.reserve(most, keeping: found)
        found += outside(head, run, guess, scratch.numbers.base + found, scratch.places.base + found)
      }
      return found
    }
  }

  private func keys(_ count: Int) -> UnsafeMutablePointer<UInt32> {
    scratch.keys.reserve(count)
    kernels.corrections.orderKeys(scratch.numbers.base, count, scratch.keys.base)
    return scratch.keys.base
  }

  /// Numbers that a guess is drawn from.
  private static var sampleNumbers: Int { 12_288 }

  /// A guess from some of the runs that should leave `margin` times as many candidates as are wanted; nil if all numbers
  /// might as well be collected.
  private func sampled(_ wanted: Int, margin: Double, _ all: Collector) -> Guess? {
    let step = total / Self.sampleNumbers
    guard step > 1 else { return nil }
    let count = collect(.everything, every: step, all).last ?? 0
    let share = Int(Double(wanted) * Double(count) / Double(total) * margin) + 8
    guard share < count / 3 else { return nil }
    let keys = keys(count)
    return Guess(
      low: Tails.number(kernels.corrections.orderStatistic(keys, count, share, Tails.key(-1))),
      high: Tails.number(kernels.corrections.orderStatistic(keys, count, count - 1 - share, Tails.key(1))))
  }

  /// The outliers among the candidates of a guess; nil if it was too tight to be sure of them.
  private func choose(_ wanted: Int, _ guess: Guess, _ outside: Collector) -> Found? {
    let ends = collect(guess, every: 1, outside)
    let count = ends.last ?? 0
    let isComplete = count == total
    guard isComplete || count > 2 * wanted else { return nil }
    let keys = keys(count)
    if !isComplete {
      // Zeros of either sign are candidates together.
      let low = Tails.key(guess.low == 0 ? 0 : guess.low)
      let high = Tails.key(guess.high == 0 ? -0.0 : guess.high)
      guard guess.low < guess.high else { return nil }
      let below = kernels.corrections.countAtMost(keys, count, low)
      let above = count - kernels.corrections.countAtMost(keys, count, high - 1)
      guard below > wanted, above > wanted else { return nil }
    }
    var limits = TailLimits(
      keys, count: count, wanted: wanted, near: (Tails.key(guess.near.low), Tails.key(guess.near.high)), kernels)
    var low: Float = 0
    var high: Float = 0
    if let inner = limits.inner {
      low = Tails.number(inner.first)
      high = Tails.number(inner.last)
      // More NaN than outliers hide the extremes.
      guard !low.isNaN, !high.isNaN else { return isComplete ? chooseAmongNaN(&limits, ends, keys) : nil }
    }
    let outliers = take(&limits, ends, keys)
    return Found(outliers: outliers, low: min(low, 0), high: max(high, 0), candidates: count)
  }

  /// The outliers of each head among its candidates, which end at `ends`.
  private func take(_ limits: inout TailLimits, _ ends: [Int], _ keys: UnsafePointer<UInt32>) -> [Range<Int>] {
    let numbers = scratch.numbers.base
    let places = scratch.places.base
    var first = 0
    return ends.map { end in
      let count = limits.choose(keys + first, numbers + first, places + first, end - first, kernels)
      defer { first = end }
      return first..<first + count
    }
  }

  /// All numbers being candidates and the extremes being NaN: extremes of those that no tail takes.
  private func chooseAmongNaN(_ limits: inout TailLimits, _ ends: [Int], _ keys: UnsafePointer<UInt32>) -> Found {
    let count = ends.last ?? 0
    let numbers = (0..<count).map { Tails.number(keys[$0]) }.filter { !$0.isNaN }
    let inside = numbers.filter { (limits.low...max(limits.low, limits.high)).contains(Tails.key($0)) }
    let outliers = take(&limits, ends, keys)
    return Found(
      outliers: outliers, low: min(inside.min() ?? 0, 0), high: max(inside.max() ?? 0, 0), candidates: count)
  }
}
