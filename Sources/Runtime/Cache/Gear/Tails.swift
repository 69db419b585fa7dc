import KernelABI

/// The smallest and largest numbers of a vector: GEAR's sparse part takes both tails, not the largest magnitudes.
public enum Tails {
  /// Places of the `perEnd` smallest and the `perEnd` largest numbers, ascending and without repeats.
  ///
  /// Ties go to the first places at the low end and to the last at the high end, so that both ends never meet; NaN
  /// counts as beyond infinity on the side of its sign. At most half the numbers are taken from each end.
  public static func places(_ x: UnsafeBufferPointer<Float>, perEnd: Int) -> [Int] {
    places(x, perEnd: perEnd, InstructionSet.base.table)
  }

  static func places(_ x: UnsafeBufferPointer<Float>, perEnd: Int, _ kernels: KernelTable) -> [Int] {
    let wanted = min(perEnd, x.count / 2)
    guard wanted > 0, let base = x.baseAddress else { return [] }
    var keys = [UInt32](repeating: 0, count: x.count)
    var places = (0..<UInt32(truncatingIfNeeded: x.count)).map { $0 }
    var values = Array(x)
    kernels.corrections.orderKeys(base, x.count, &keys)
    var limits = TailLimits(
      keys, count: x.count, wanted: wanted, near: (Tails.key(-1), Tails.key(1)), kernels)
    let count = limits.choose(keys, &values, &places, x.count, kernels)
    return places[..<count].map { Int($0) }
  }

  /// The number that a key of `OrderKeys` stands for.
  static func number(_ key: UInt32) -> Float { Float(bitPattern: key & 0x8000_0000 == 0 ? ~key : key ^ 0x8000_0000) }

  /// The key of a number.
  static func key(_ number: Float) -> UInt32 {
    let bits = number.bitPattern
    return bits & 0x8000_0000 == 0 ? bits | 0x8000_0000 : ~bits
  }
}

/// Where the tails of a vector begin, as keys of `OrderKeys`; asked for one key after the other in the vector's order.
struct TailLimits {
  /// Keys of the innermost numbers of each tail.
  let low: UInt32
  let high: UInt32
  /// Numbers equal to `low` that still belong to its tail, the first ones.
  var lowTies: Int
  /// Numbers equal to `high` that do not belong to its tail, the first ones.
  var highSkipped: Int

  /// The smallest and the largest key that no tail takes; nil if there is none.
  let inner: (first: UInt32, last: UInt32)?

  /// Limits of the `wanted` smallest and largest of the keys; 0 < wanted <= count / 2. They are found sooner if they are
  /// `near`.
  init(
    _ keys: UnsafePointer<UInt32>, count: Int, wanted: Int, near: (low: UInt32, high: UInt32), _ kernels: KernelTable
  ) {
    func before(_ key: UInt32) -> Int { key == 0 ? 0 : kernels.corrections.countAtMost(keys, count, key - 1) }
    low = kernels.corrections.orderStatistic(keys, count, wanted - 1, near.low)
    high = kernels.corrections.orderStatistic(keys, count, count - wanted, near.high)
    lowTies = wanted - before(low)
    highSkipped = count - before(high) - wanted
    if 2 * wanted == count {
      inner = nil
    } else {
      let between = kernels.corrections.keysBetween(keys, count, low, high)
      let lowIsShared = kernels.corrections.countAtMost(keys, count, low) > wanted
      inner = (lowIsShared ? low : between.first, highSkipped > 0 ? high : between.last)
    }
  }

  /// Moves the values and places of the next `count` keys that belong to a tail to the front; returns how many. See
  /// `CorrectionKernels.ChooseTails`.
  mutating func choose(
    _ keys: UnsafePointer<UInt32>, _ values: UnsafeMutablePointer<Float>, _ places: UnsafeMutablePointer<UInt32>,
    _ count: Int, _ kernels: KernelTable
  ) -> Int {
    kernels.corrections.chooseTails(keys, values, places, count, low, high, &lowTies, &highSkipped, values, places)
  }
}
