import KernelABI

/// Outliers of several heads as numbers, by runs of `PackingScratch.runTokens` tokens in which a tensor is restored.
struct OutlierRuns {
  private var placeBuffer = GrowingBuffer<UInt32>()
  private var numberBuffer = GrowingBuffer<Float>()
  private var count = 0
  /// Where the runs of all heads begin, and at the end of each head's where they end.
  private var starts: [Int] = []
  /// The first of each head's starts, and the one behind the last head's.
  private var heads = [0]

  /// Of places and numbers.
  var bytes: Int { count * 8 }

  mutating func removeAll() {
    count = 0
    starts.removeAll(keepingCapacity: true)
    heads = [0]
  }

  /// A head without outliers.
  mutating func appendHead() { heads.append(starts.count) }

  /// The outliers of a head, run by run; `end` says how many there are up to the end of a run.
  mutating func appendHead(
    places: UnsafePointer<UInt32>, values: UnsafePointer<UInt16>, count added: Int, runs: Int, _ kernels: KernelTable,
    end: (_ run: Int) -> Int
  ) {
    placeBuffer.reserve(count + added, keeping: count)
    numberBuffer.reserve(count + added, keeping: count)
    (placeBuffer.base + count).update(from: places, count: added)
    kernels.floatFromHalf(values, added, numberBuffer.base + count)
    starts.append(count)
    for run in 0..<runs { starts.append(count + end(run)) }
    heads.append(starts.count)
    count += added
  }

  /// Writes the exact numbers over those of a range of a head's tokens that begins with a run and is no longer, rows
  /// [tokens, headDim].
  func overwrite(_ head: Int, _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, headDim: Int) {
    visit(head, tokens, headDim) { place, number in rows[place] = number }
  }

  /// The same, and marks their codes as exact.
  func overwrite(
    _ head: Int, _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, _ codes: UnsafeMutablePointer<UInt8>,
    headDim: Int
  ) {
    visit(head, tokens, headDim) { place, number in
      rows[place] = number
      codes[place] = CodedRun.exact
    }
  }

  /// Calls `body` with each outlier of such a range.
  @inline(__always) func visit(
    _ head: Int, _ tokens: Range<Int>, _ headDim: Int, _ body: (_ place: Int, _ number: Float) -> Void
  ) {
    let run = heads[head] + tokens.lowerBound / PackingScratch.runTokens
    guard run + 1 < heads[head + 1] else { return }
    let first = UInt32(truncatingIfNeeded: tokens.lowerBound * headDim)
    let places = placeBuffer.base
    let numbers = numberBuffer.base
    for index in starts[run]..<starts[run + 1] { body(Int(places[index] &- first), numbers[index]) }
  }
}
