import KernelABI

/// Numbers of one head that are kept exactly in the place of their codes, in blocks of tokens: half-precision values with
/// a 16-bit place in their block, four bytes together (sheet kvquant).
final class SparseRows {
  private var places: [UInt16] = []  // channel * blockTokens + token
  private var values: [UInt16] = []
  /// The first outlier of each block, and of the one that would be next.
  private var starts: [UInt32] = [0]
  let blockTokens: Int
  private(set) var tokens = 0

  init(blockTokens: Int) { self.blockTokens = blockTokens }

  var count: Int { places.count }
  var bytes: Int { places.count * 4 }
  /// Bytes of the starts.
  var slackBytes: Int { starts.count * 4 }

  /// Appends one token's outliers; channels ascending.
  func append(_ outliers: [(channel: Int, number: Float)]) {
    if tokens % blockTokens == 0 { starts.append(UInt32(truncatingIfNeeded: places.count)) }
    for outlier in outliers {
      places.append(UInt16(truncatingIfNeeded: outlier.channel * blockTokens + tokens % blockTokens))
      values.append(Half.bits(outlier.number))
    }
    starts[starts.count - 1] = UInt32(truncatingIfNeeded: places.count)
    tokens += 1
  }

  /// The exact numbers of one token.
  func outliers(_ token: Int) -> [(channel: Int, number: Float)] {
    let block = token / blockTokens
    guard token < tokens else { return [] }
    return (Int(starts[block])..<Int(starts[block + 1])).compactMap { index in
      let (channel, lane) = Int(places[index]).quotientAndRemainder(dividingBy: blockTokens)
      return lane == token % blockTokens ? (channel, Half.float(values[index])) : nil
    }
  }

  /// Calls `body` with the blocks as kernels read them.
  func withBlocks(_ body: (BlockOutliers) -> Void) {
    places.withUnsafeBufferPointer { places in
      values.withUnsafeBufferPointer { values in
        starts.withUnsafeBufferPointer { starts in
          withKernelScratch(of: UInt16.self, capacity: 1) { nothing in
            guard let nothing = nothing.baseAddress, let starts = starts.baseAddress else { return }
            // An array without elements may have no address; nothing is read there.
            body(
              BlockOutliers(
                places: places.baseAddress ?? UnsafePointer(nothing),
                values: values.baseAddress ?? UnsafePointer(nothing), starts: starts))
          }
        }
      }
    }
  }

  /// Calls `body` with runs of at most `OutlierRun.mostTokens` tokens of a range that begins with a block; numbers have
  /// taken off what `base` says of their token. `offset` counts tokens from the range's first.
  func runs(
    _ range: Range<Int>, headDim: Int, base: (_ token: Int) -> Float,
    body: (_ run: OutlierRun, _ offset: Int, _ scratch: UnsafeMutablePointer<Float>) -> Void
  ) {
    for first in stride(from: range.lowerBound, to: range.upperBound, by: OutlierRun.mostTokens) {
      let end = min(range.upperBound, first + OutlierRun.mostTokens)
      let indices = Int(starts[first / blockTokens])..<Int(starts[(end + blockTokens - 1) / blockTokens])
      guard !indices.isEmpty else { continue }
      withKernelScratch(of: UInt32.self, capacity: indices.count) { flat in
        withKernelScratch(
          of: Float.self, capacity: indices.count + OutlierRun.scratchFloats(headDim: headDim)
        ) { area in
          guard let flat = flat.baseAddress, let numbers = area.baseAddress else { return }
          var found = 0
          for block in first / blockTokens..<(end + blockTokens - 1) / blockTokens {
            for index in Int(starts[block])..<Int(starts[block + 1]) {
              let (channel, lane) = Int(places[index]).quotientAndRemainder(dividingBy: blockTokens)
              let token = block * blockTokens + lane
              guard token < end else { continue }
              flat[found] = UInt32(truncatingIfNeeded: (token - first) * headDim + channel)
              numbers[found] = Half.float(values[index]) - base(token)
              found += 1
            }
          }
          let run = OutlierRun(
            places: flat, numbers: numbers, count: found, tokens: end - first, firstPlace: 0, headDim: headDim)
          body(run, first - range.lowerBound, numbers + indices.count)
        }
      }
    }
  }
}
