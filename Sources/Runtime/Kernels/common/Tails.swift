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

/// Restores what is an outlier, has an outermost code or is doubted, as the kernels that restore rows do: nothing is fused.
@Sendable func collectCoded(
  _ run: CodedRun, _ low: Float, _ high: Float, _ place: UInt32, _ values: UnsafeMutablePointer<Float>,
  _ places: UnsafeMutablePointer<UInt32>
) -> Int {
  let d = run.headDim
  let count = run.tokens * d
  // All that are looked at are listed first, where the places of those that are found will be.
  var listed = 0
  var i = 0
  while i < count {
    var bits = kv_outermost64(run.codes + i, run.levels)
    if count - i < 64 { bits = bits & ((1 &<< UInt64(truncatingIfNeeded: count - i)) &- 1) }
    listed = listed + kv_list_bits(bits, UInt32(truncatingIfNeeded: i), places + listed)
    i = i + 64
  }
  // Sixteen at a time; the last ones may be the first place over and over.
  i = 0
  while i < 16 {
    places[listed + i] = 0
    i = i + 1
  }
  var found = 0
  i = 0
  while i < listed {
    let numbers = kv_restore_coded(
      places + i, run.codes, run.numbers, run.scale, run.minimum, run.q, run.p, run.rank,
      Int32(truncatingIfNeeded: d))
    let lanes = listed - i < 16 ? (UInt32(1) &<< UInt32(truncatingIfNeeded: listed - i)) &- 1 : 0xffff
    found =
      found
      + Int(kv_append_outside(numbers, low, high, lanes, place, places + i, values + found, places + found))
    i = i + 16
  }
  return found
}

/// A run rounded to integers, and the places of what lies beyond the limit.
@Sendable func restoreFixed(
  _ run: CodedRun, _ limit: Int16, _ out: UnsafeMutablePointer<Int16>, _ stride: Int,
  _ places: UnsafeMutablePointer<UInt32>
) -> Int {
  kv_restore_fixed(
    run.codes, run.tokens, run.headDim, run.scale, run.minimum, Int32(limit), run.q, run.p, run.rank, out, stride,
    places)
}

@Sendable func orderKeys(_ x: UnsafePointer<Float>, _ count: Int, _ keys: UnsafeMutablePointer<UInt32>) {
  kv_order_keys(x, count, keys)
}

@Sendable func orderStatistic(
  _ keys: UnsafePointer<UInt32>, _ count: Int, _ rank: Int, _ near: UInt32
) -> UInt32 {
  kv_order_statistic(keys, count, rank, near)
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
