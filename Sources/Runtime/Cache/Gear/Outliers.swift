import CIntrinsics
import KernelABI

/// Numbers of one head that are kept exactly beside its codes: flat places token * headDim + channel, ascending, in four
/// bytes each, and half-precision values. A class, so that handing it on counts one reference.
final class Outliers {
  private(set) var places: [UInt32] = []
  private(set) var values: [UInt16] = []
  /// How many outliers lie before each multiple of `OutlierRun.mostTokens` tokens.
  private var marks: [UInt32] = []
  let headDim: Int

  init(headDim: Int) { self.headDim = headDim }

  /// Outliers in the order of their places.
  init(
    places: UnsafePointer<UInt32>, numbers: UnsafePointer<Float>, count: Int, headDim: Int, _ kernels: KernelTable
  ) {
    self.headDim = headDim
    self.places = Array(UnsafeBufferPointer(start: places, count: count))
    values = [UInt16](unsafeUninitializedCapacity: count) { target, initialised in
      if let base = target.baseAddress { kernels.halfFromFloat(numbers, count, base) }
      initialised = count
    }
    var index = 0
    while index < count {
      mark(Int(places[index]) / headDim, index)
      let end = marks.count * OutlierRun.mostTokens
      index = Self.first(places, index..<count, from: end * headDim)
    }
  }

  var count: Int { places.count }
  var bytes: Int { places.count * 6 }
  /// Bytes of the marks.
  var slackBytes: Int { marks.count * 4 }

  /// Appends a number that lies behind all the others.
  func append(token: Int, channel: Int, _ value: Float) {
    mark(token, places.count)
    places.append(UInt32(truncatingIfNeeded: token * headDim + channel))
    values.append(Half.bits(value))
  }

  private func mark(_ token: Int, _ index: Int) {
    while marks.count * OutlierRun.mostTokens <= token { marks.append(UInt32(truncatingIfNeeded: index)) }
  }

  /// How many outliers lie before a token.
  private func first(from token: Int) -> Int {
    let run = token / OutlierRun.mostTokens
    guard run < marks.count else { return places.count }
    let low = Int(marks[run])
    if token % OutlierRun.mostTokens == 0 { return low }
    let high = run + 1 < marks.count ? Int(marks[run + 1]) : places.count
    return places.withUnsafeBufferPointer { buffer in
      buffer.baseAddress.map { Self.first($0, low..<high, from: token * headDim) } ?? 0
    }
  }

  /// The first index of a range whose place is not below `place`; the range's end if there is none.
  private static func first(_ places: UnsafePointer<UInt32>, _ range: Range<Int>, from place: Int) -> Int {
    var low = range.lowerBound
    var high = range.upperBound
    while low < high {
      let middle = (low + high) / 2
      if Int(places[middle]) < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// What the codes say of an outlier's place.
  enum CodedValue {
    /// The same everywhere.
    case constant(Float)
    case at((_ token: Int, _ channel: Int) -> Float)
  }

  /// Asks for the outliers of a range of tokens ahead of their use.
  func prefetch(_ tokens: Range<Int>) {
    let indices = first(from: tokens.lowerBound)..<first(from: tokens.upperBound)
    guard !indices.isEmpty else { return }
    places.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { kv_prefetch(base + indices.lowerBound, 4 * indices.count) }
    }
    values.withUnsafeBufferPointer { buffer in
      if let base = buffer.baseAddress { kv_prefetch(base + indices.lowerBound, 2 * indices.count) }
    }
  }

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
          places.withUnsafeBufferPointer { places in
            guard let base = places.baseAddress else { return }
            let offset = difference(indices, coded, numbers, kernels)
            let run = OutlierRun(
              places: base + indices.lowerBound, numbers: numbers, count: indices.count, tokens: end - token,
              firstPlace: UInt32(truncatingIfNeeded: token * headDim), headDim: headDim, offset: offset)
            body(run, token - tokens.lowerBound, numbers + indices.count)
          }
        }
      }
      token = end
    }
  }

  private func capacity(_ outliers: Int) -> Int { outliers + OutlierRun.scratchFloats(headDim: headDim) }

  /// Writes the numbers of a run, less what the codes say where that varies; returns what is still to be taken off.
  private func difference(
    _ indices: Range<Int>, _ coded: CodedValue, _ numbers: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) -> Float {
    values.withUnsafeBufferPointer { values in
      if let base = values.baseAddress { kernels.floatFromHalf(base + indices.lowerBound, indices.count, numbers) }
    }
    switch coded {
    case .constant(let value): return value
    case .at(let restored):
      for index in indices {
        let (token, channel) = places[index].quotientAndRemainder(dividingBy: UInt32(truncatingIfNeeded: headDim))
        numbers[index - indices.lowerBound] -= restored(Int(token), Int(channel))
      }
      return 0
    }
  }

  /// All exact numbers as floats.
  func numbers(into target: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    values.withUnsafeBufferPointer { if let base = $0.baseAddress { kernels.floatFromHalf(base, $0.count, target) } }
  }

  /// Writes `numbers`, one for each outlier, at the outliers of a range of tokens into the rows [tokens, headDim]; `next`
  /// is the first outlier to look at and ends behind the range.
  func overwrite(
    _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, next: inout Int, numbers: UnsafePointer<Float>
  ) {
    visit(tokens, next: &next) { place, index in rows[place] = numbers[index] }
  }

  /// Writes one number at the outliers of a range of tokens.
  func overwrite(
    _ tokens: Range<Int>, _ rows: UnsafeMutablePointer<Float>, next: inout Int, with number: Float
  ) {
    visit(tokens, next: &next) { place, _ in rows[place] = number }
  }

  @inline(__always) private func visit(
    _ tokens: Range<Int>, next: inout Int, _ body: (_ place: Int, _ index: Int) -> Void
  ) {
    let start = UInt32(truncatingIfNeeded: tokens.lowerBound * headDim)
    let end = UInt32(truncatingIfNeeded: tokens.upperBound * headDim)
    places.withUnsafeBufferPointer { places in
      var index = next
      while index < places.count, places[index] < start { index &+= 1 }
      while index < places.count, places[index] < end {
        body(Int(places[index] &- start), index)
        index &+= 1
      }
      next = index
    }
  }

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    for index in first(from: token)..<first(from: token + 1) {
      row[Int(places[index]) - token * headDim] = Half.float(values[index])
    }
  }
}
