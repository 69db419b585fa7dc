import KernelABI

/// Where the outliers of one head lie that attention reads: addresses, and no reference that all threads would count.
struct OutlierList: BitwiseCopyable {
  let places: UnsafePointer<UInt32>  // [count]
  let values: UnsafePointer<UInt16>  // [count]
  let count: Int
  /// How many outliers lie before each multiple of `OutlierRun.mostTokens` tokens.
  let marks: UnsafePointer<UInt32>  // [markCount]
  let markCount: Int
  let headDim: Int

  /// How many outliers lie before a token.
  func first(from token: Int) -> Int {
    let run = token / OutlierRun.mostTokens
    guard run < markCount else { return count }
    let low = Int(marks[run])
    if token % OutlierRun.mostTokens == 0 { return low }
    let high = run + 1 < markCount ? Int(marks[run + 1]) : count
    return Self.first(places, low..<high, from: token * headDim)
  }

  /// The first index of a range whose place is not below `place`; the range's end if there is none.
  static func first(_ places: UnsafePointer<UInt32>, _ range: Range<Int>, from place: Int) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      if Int(places[middle]) < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What the codes say of an outlier's place.
  typealias CodedValue = (_ token: Int, _ channel: Int) -> Float

  /// Adds query . (exact - restored code) at the outliers' tokens.
  func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ coded: CodedValue, _ kernels: KernelTable
  ) {
    runs(tokens, coded, kernels) { run, offset, scratch in
      kernels.corrections.addOutlierScores(run, queries, rows, out + offset, outStride, scratch)
    }
  }

  /// Adds weight * (exact - restored code) to the outliers' channels.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ coded: CodedValue, _ kernels: KernelTable
  ) {
    runs(tokens, coded, kernels) { run, offset, scratch in
      kernels.corrections.addOutlierValues(run, weights + offset, weightStride, rows, acc, scratch)
    }
  }

  /// Hands over the outliers of a range in runs; `offset` counts tokens from the range's first.
  private func runs(
    _ tokens: Range<Int>, _ coded: CodedValue, _ kernels: KernelTable,
    _ body: (_ run: OutlierRun, _ offset: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    var token = tokens.lowerBound
    while token < tokens.upperBound {
      let end = min(tokens.upperBound, (token / OutlierRun.mostTokens + 1) * OutlierRun.mostTokens)
      let indices = first(from: token)..<first(from: end)
      if !indices.isEmpty {
        withKernelScratch(bytes: 4 * capacity(indices.count)) { area in
          let numbers = area.assumingMemoryBound(to: Float.self)
          writeDifferences(indices, coded, numbers, kernels)
          let run = OutlierRun(
            places: places + indices.lowerBound, numbers: numbers, count: indices.count, tokens: end - token,
            firstPlace: UInt32(truncatingIfNeeded: token * headDim), headDim: headDim)
          body(run, token - tokens.lowerBound, numbers + indices.count)
        }
      }
      token = end
    }
  }

  private func capacity(_ outliers: Int) -> Int { outliers + OutlierRun.scratchFloats(headDim: headDim) }

  /// Writes the numbers of a run, less what the codes say.
  private func writeDifferences(
    _ indices: Range<Int>, _ coded: CodedValue, _ numbers: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    kernels.floatFromHalf(values + indices.lowerBound, indices.count, numbers)
    for index in indices {
      let (token, channel) = places[index].quotientAndRemainder(dividingBy: UInt32(truncatingIfNeeded: headDim))
      numbers[index - indices.lowerBound] -= coded(Int(token), Int(channel))
    }
  }
}
