import CIntrinsics
import KernelABI

@Sendable func collectOutside(
  _ x: UnsafePointer<Float>, _ count: Int, _ low: Float, _ high: Float, _ place: UInt32,
  _ values: UnsafeMutablePointer<Float>, _ places: UnsafeMutablePointer<UInt32>
) -> Int {
  var found = 0
  var i = 0
  while i < count {
    let first = place &+ UInt32(truncatingIfNeeded: i)
    found = found + Int(kv_collect_outside(loadFloats(x + i), low, high, first, values + found, places + found))
    i = i + 16
  }
  return found
}

@Sendable func orderKeys(_ x: UnsafePointer<Float>, _ count: Int, _ keys: UnsafeMutablePointer<UInt32>) {
  kv_order_keys(x, count, keys)
}

@Sendable func orderStatistic(_ keys: UnsafePointer<UInt32>, _ count: Int, _ rank: Int) -> UInt32 {
  kv_order_statistic(keys, count, rank)
}

@Sendable func countAtMost(_ keys: UnsafePointer<UInt32>, _ count: Int, _ limit: UInt32) -> Int {
  kv_count_at_most(keys, count, limit)
}

@Sendable func keysBetween(
  _ keys: UnsafePointer<UInt32>, _ count: Int, _ low: UInt32, _ high: UInt32
) -> (first: UInt32, last: UInt32) {
  var first: UInt32 = 0
  var last: UInt32 = 0
  kv_keys_between(keys, count, low, high, &first, &last)
  return (first, last)
}

@Sendable func chooseTails(
  _ keys: UnsafePointer<UInt32>, _ values: UnsafePointer<Float>, _ places: UnsafePointer<UInt32>, _ count: Int,
  _ low: UInt32, _ high: UInt32, _ lowTies: UnsafeMutablePointer<Int>, _ highSkipped: UnsafeMutablePointer<Int>,
  _ outValues: UnsafeMutablePointer<Float>, _ outPlaces: UnsafeMutablePointer<UInt32>
) -> Int {
  kv_choose_tails(keys, values, places, count, low, high, lowTies, highSkipped, outValues, outPlaces)
}

@Sendable func extremes(
  _ x: UnsafePointer<Float>, _ count: Int, _ low: UnsafeMutablePointer<Float>, _ high: UnsafeMutablePointer<Float>
) {
  kv_extremes(x, count, low, high)
}
