import KernelABI

/// Numbers of one head that are kept exactly beside its codes: flat places token * headDim + channel, ascending, in four
/// bytes each, and half-precision values. A class, so that handing it on counts one reference.
final class Outliers {
  private var placeBuffer = GrowingBuffer<UInt32>()
  private var valueBuffer = GrowingBuffer<UInt16>()
  private var markBuffer = GrowingBuffer<UInt32>()
  private var marks = 0
  private(set) var count = 0
  let headDim: Int

  init(headDim: Int) { self.headDim = headDim }

  /// Outliers in the order of their places.
  init(
    places: UnsafePointer<UInt32>, numbers: UnsafePointer<Float>, count: Int, headDim: Int, scratch: PackingScratch,
    _ kernels: KernelTable
  ) {
    self.headDim = headDim
    self.count = count
    placeBuffer = GrowingBuffer(from: scratch.spareWords, count: count)
    placeBuffer.base.update(from: places, count: count)
    valueBuffer = GrowingBuffer(from: scratch.spareHalves, count: count)
    kernels.halfFromFloat(numbers, count, valueBuffer.base)
    var index = 0
    while index < count {
      mark(Int(places[index]) / headDim, index)
      index = OutlierList.first(places, index..<count, from: marks * OutlierRun.mostTokens * headDim)
    }
  }

  /// Leaves its memory to those that are made with `scratch`; there are no outliers then.
  func give(to scratch: PackingScratch) {
    placeBuffer.give(to: scratch.spareWords)
    valueBuffer.give(to: scratch.spareHalves)
    (count, marks) = (0, 0)
  }

  /// What attention reads, until another is appended.
  var list: OutlierList {
    OutlierList(
      places: placeBuffer.base, values: valueBuffer.base, count: count, marks: markBuffer.base, markCount: marks,
      headDim: headDim)
  }

  var places: UnsafeBufferPointer<UInt32> { UnsafeBufferPointer(start: placeBuffer.base, count: count) }
  var values: UnsafeBufferPointer<UInt16> { UnsafeBufferPointer(start: valueBuffer.base, count: count) }
  var bytes: Int { count * 6 }
  /// Bytes of the marks.
  var slackBytes: Int { marks * 4 }

  /// Appends a number that lies behind all the others.
  func append(token: Int, channel: Int, _ value: Float) {
    mark(token, count)
    placeBuffer.reserve(count + 1, keeping: count)
    valueBuffer.reserve(count + 1, keeping: count)
    placeBuffer.base[count] = UInt32(truncatingIfNeeded: token * headDim + channel)
    valueBuffer.base[count] = Half.bits(value)
    count += 1
  }

  private func mark(_ token: Int, _ index: Int) {
    while marks * OutlierRun.mostTokens <= token {
      markBuffer.reserve(marks + 1, keeping: marks)
      markBuffer.base[marks] = UInt32(truncatingIfNeeded: index)
      marks += 1
    }
  }

  /// All exact numbers as floats.
  func numbers(into target: UnsafeMutablePointer<Float>, _ kernels: KernelTable) {
    kernels.floatFromHalf(valueBuffer.base, count, target)
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
    let places = placeBuffer.base
    var index = next
    while index < count, places[index] < start { index &+= 1 }
    while index < count, places[index] < end {
      body(Int(places[index] &- start), index)
      index &+= 1
    }
    next = index
  }

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    let list = list
    for index in list.first(from: token)..<list.first(from: token + 1) {
      row[Int(places[index]) - token * headDim] = Half.float(values[index])
    }
  }
}
