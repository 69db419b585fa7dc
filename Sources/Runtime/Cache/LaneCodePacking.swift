import KernelABI

/// Single codes within the words of a unit of `LaneCodes`.
enum LaneCodePacking {
  @inline(__always) static func write(
    _ code: UInt8, index: Int, lane: Int, bits: Int, _ unit: UnsafeMutablePointer<UInt32>
  ) {
    let place = LaneCodes.place(index: index, lane: lane, bits: bits)
    let low = LaneCodes.lowBits(bits)
    set(UInt32(code), low, place.low, unit)
    if bits != low { set(UInt32(code) &>> UInt32(truncatingIfNeeded: low), 1, place.last, unit) }
  }

  @inline(__always) static func read(index: Int, lane: Int, bits: Int, _ unit: UnsafePointer<UInt32>) -> UInt8 {
    let place = LaneCodes.place(index: index, lane: lane, bits: bits)
    let low = LaneCodes.lowBits(bits)
    var code = get(low, place.low, unit)
    if bits != low { code |= get(1, place.last, unit) &<< UInt32(truncatingIfNeeded: low) }
    return UInt8(truncatingIfNeeded: code)
  }

  @inline(__always) private static func set(
    _ part: UInt32, _ bits: Int, _ place: (word: Int, shift: Int), _ unit: UnsafeMutablePointer<UInt32>
  ) {
    let shift = UInt32(truncatingIfNeeded: place.shift)
    let mask = (1 &<< UInt32(truncatingIfNeeded: bits)) &- 1
    unit[place.word] = unit[place.word] & ~(mask &<< shift) | (part & mask) &<< shift
  }

  @inline(__always) private static func get(
    _ bits: Int, _ place: (word: Int, shift: Int), _ unit: UnsafePointer<UInt32>
  ) -> UInt32 {
    unit[place.word] &>> UInt32(truncatingIfNeeded: place.shift) & ((1 &<< UInt32(truncatingIfNeeded: bits)) &- 1)
  }
}
