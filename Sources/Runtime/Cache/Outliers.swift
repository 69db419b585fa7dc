/// The smallest and largest numbers of a vector: GEAR's sparse part takes both tails, not the largest magnitudes.
public enum Tails {
  /// Places of the `perEnd` smallest and the `perEnd` largest numbers, ascending and without repeats.
  ///
  /// Ties go to the first places at the low end and to the last at the high end, so that both ends never meet; NaN
  /// counts as beyond infinity on the side of its sign. At most half the numbers are taken from each end.
  public static func places(_ x: UnsafeBufferPointer<Float>, perEnd: Int) -> [Int] {
    let wanted = min(perEnd, x.count / 2)
    guard wanted > 0 else { return [] }
    let low = threshold(x, rank: wanted - 1)
    let high = threshold(x, rank: x.count - wanted)
    var below = 0
    var above = 0
    var tiesHigh = 0
    for number in x {
      let key = order(number)
      if key < low { below += 1 }
      if key > high { above += 1 }
      if key == high { tiesHigh += 1 }
    }
    var takeLow = wanted - below
    var skipHigh = tiesHigh - (wanted - above)
    var places: [Int] = []
    places.reserveCapacity(2 * wanted)
    for (place, number) in x.enumerated() {
      let key = order(number)
      var taken = key < low || key > high
      if key == low, takeLow > 0 {
        takeLow -= 1
        taken = true
      }
      if key == high {
        if skipHigh > 0 { skipHigh -= 1 } else { taken = true }
      }
      if taken { places.append(place) }
    }
    return places
  }

  /// Numbers in order as unsigned integers in the same order.
  private static func order(_ x: Float) -> UInt32 {
    let bits = x.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }

  /// The order of the number that sorting would put at `rank`, found byte by byte from the top.
  private static func threshold(_ x: UnsafeBufferPointer<Float>, rank: Int) -> UInt32 {
    var prefix: UInt32 = 0
    var mask: UInt32 = 0
    var left = rank
    for shift: UInt32 in [24, 16, 8, 0] {
      let digit = withUnsafeTemporaryAllocation(of: Int.self, capacity: 256) { counts -> Int in
        counts.update(repeating: 0)
        for number in x {
          let key = order(number)
          if key & mask == prefix { counts[Int(key >> shift & 255)] += 1 }
        }
        var digit = 0
        while digit < 255, left >= counts[digit] {
          left -= counts[digit]
          digit += 1
        }
        return digit
      }
      prefix |= UInt32(digit) << shift
      mask |= 255 << shift
    }
    return prefix
  }
}

/// Numbers of one head that are kept exactly beside its codes: flat places token * headDim + channel, ascending, in four
/// bytes each, and half-precision values.
struct Outliers {
  private(set) var places: [UInt32] = []
  private(set) var values: [UInt16] = []
  let headDim: Int

  init(headDim: Int) { self.headDim = headDim }

  var bytes: Int { places.count * 6 }

  /// Appends a number that lies behind all the others.
  mutating func append(token: Int, channel: Int, _ value: Float) {
    places.append(UInt32(truncatingIfNeeded: token * headDim + channel))
    values.append(Half.bits(value))
  }

  private func first(from token: Int) -> Int {
    let place = token * headDim
    var low = 0
    var high = places.count
    while low < high {
      let middle = (low + high) / 2
      if Int(places[middle]) < place { low = middle + 1 } else { high = middle }
    }
    return low
  }

  /// Adds query . (exact - restored code) at the outliers' tokens; `restored` is what the codes say of a place.
  @inline(__always) func addScores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ restored: (Int, Int) -> Float
  ) {
    for index in first(from: tokens.lowerBound)..<first(from: tokens.upperBound) {
      let (token, channel) = Int(places[index]).quotientAndRemainder(dividingBy: headDim)
      let difference = Half.float(values[index]) - restored(token, channel)
      for row in 0..<rows {
        out[row * outStride + token - tokens.lowerBound] += queries[row * headDim + channel] * difference
      }
    }
  }

  /// Adds weight * (exact - restored code) to the outliers' channels.
  @inline(__always) func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ restored: (Int, Int) -> Float
  ) {
    for index in first(from: tokens.lowerBound)..<first(from: tokens.upperBound) {
      let (token, channel) = Int(places[index]).quotientAndRemainder(dividingBy: headDim)
      let difference = Half.float(values[index]) - restored(token, channel)
      for row in 0..<rows {
        acc[row * headDim + channel] += weights[row * weightStride + token - tokens.lowerBound] * difference
      }
    }
  }

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    for index in first(from: token)..<first(from: token + 1) {
      row[Int(places[index]) - token * headDim] = Half.float(values[index])
    }
  }
}
