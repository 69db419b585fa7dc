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

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    let list = list
    for index in list.first(from: token)..<list.first(from: token + 1) {
      row[Int(places[index]) - token * headDim] = Half.float(values[index])
    }
  }
}
