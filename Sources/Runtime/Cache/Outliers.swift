/// The smallest and largest numbers of a vector: GEAR's sparse part takes both tails, not the largest magnitudes.
public enum Tails {
  /// Places of the `perEnd` smallest and the `perEnd` largest numbers, ascending and without repeats.
  ///
  /// Ties go to the first places at the low end and to the last at the high end, so that both ends never meet; NaN
  /// counts as beyond infinity on the side of its sign. At most half the numbers are taken from each end.
  public static func places(_ x: UnsafeBufferPointer<Float>, perEnd: Int) -> [Int] {
    let wanted = min(perEnd, x.count / 2)
    guard wanted > 0 else { return [] }
    let ends = Ends(x, wanted: wanted)
    let (low, high) = (ends.low, ends.high)
    var takeLow = ends.lowTies
    var skipHigh = ends.highSkipped
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
  fileprivate static func order(_ x: Float) -> UInt32 {
    let bits = x.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }
}

/// Where the tails of a vector begin: found by counting the top twelve bits, then sorting the two buckets that matter.
private struct Ends {
  /// Orders of the innermost numbers of each tail.
  let low: UInt32
  let high: UInt32
  /// Numbers equal to `low` that belong to its tail, the first ones.
  let lowTies: Int
  /// Numbers equal to `high` that do not belong to its tail, the first ones.
  let highSkipped: Int

  init(_ x: UnsafeBufferPointer<Float>, wanted: Int) {
    var counts = [Int](repeating: 0, count: 4096)
    for number in x { counts[Int(Tails.order(number) >> 20)] += 1 }
    var lowBucket = 0
    var below = 0
    while below + counts[lowBucket] < wanted {
      below += counts[lowBucket]
      lowBucket += 1
    }
    var highBucket = 4095
    var above = 0
    while above + counts[highBucket] < wanted {
      above += counts[highBucket]
      highBucket -= 1
    }
    var lows: [UInt32] = []
    var highs: [UInt32] = []
    for number in x {
      let order = Tails.order(number)
      if Int(order >> 20) == lowBucket { lows.append(order) }
      if Int(order >> 20) == highBucket { highs.append(order) }
    }
    lows.sort()
    highs.sort()
    let low = lows[wanted - below - 1]
    let high = highs[highs.count - (wanted - above)]
    lowTies = wanted - below - lows.filter { $0 < low }.count
    highSkipped = highs.filter { $0 >= high }.count - (wanted - above)
    self.low = low
    self.high = high
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

  /// Token and channel of a place; 32-bit division, which is the quicker one.
  @inline(__always) private func split(_ place: UInt32) -> (Int, Int) {
    let (token, channel) = place.quotientAndRemainder(dividingBy: UInt32(truncatingIfNeeded: max(1, headDim)))
    return (Int(token), Int(channel))
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
      let (token, channel) = split(places[index])
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
      let (token, channel) = split(places[index])
      let difference = Half.float(values[index]) - restored(token, channel)
      for row in 0..<rows {
        acc[row * headDim + channel] += weights[row * weightStride + token - tokens.lowerBound] * difference
      }
    }
  }

  /// Writes all exact numbers over the restored rows [tokens, headDim].
  func overwriteAll(_ rows: UnsafeMutablePointer<Float>) {
    for (place, value) in zip(places, values) { rows[Int(place)] = Half.float(value) }
  }

  /// Writes the exact numbers of one token over its restored row.
  func overwrite(_ token: Int, _ row: UnsafeMutablePointer<Float>) {
    for index in first(from: token)..<first(from: token + 1) {
      row[Int(places[index]) - token * headDim] = Half.float(values[index])
    }
  }
}
