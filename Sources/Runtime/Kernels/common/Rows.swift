import CIntrinsics
import KernelABI

/// Rounds activations to signed bytes, a scale per block of 32: code = round(x / scale), scale = max |x| / 127.
/// The codes are summed over each half of a block, for weights with a scale every 16 inputs.
@Sendable func quantiseRows(
  _ x: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ codes: UnsafeMutablePointer<Int8>,
  _ scales: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Int32>
) {
  let blocks = rows * width / 32
  let magic = Floats(repeating: 12_582_912)
  var block = 0
  while block < blocks {
    let a = loadFloats(x + block * 32)
    let b = loadFloats(x + block * 32 + 16)
    let magnitude = magnitudes(a).replacing(with: magnitudes(b), where: magnitudes(b) .> magnitudes(a))
    let largest = laneMaximum(magnitude)
    let inverse = largest > 0 ? 127 / largest : 0
    // Adding 1.5 * 2^23 leaves round-half-even(x) in the low bits. Not fused, or numbers beside the middle of two codes
    // would fall to one side with fused multiply-add and to the other without.
    let ia = unsafeBitCast(a * inverse + magic, to: Ints.self) &- unsafeBitCast(magic, to: Ints.self)
    let ib = unsafeBitCast(b * inverse + magic, to: Ints.self) &- unsafeBitCast(magic, to: Ints.self)
    UnsafeMutableRawPointer(codes + block * 32).storeBytes(
      of: SIMD16<Int8>(truncatingIfNeeded: ia), as: SIMD16<Int8>.self)
    UnsafeMutableRawPointer(codes + block * 32 + 16)
      .storeBytes(of: SIMD16<Int8>(truncatingIfNeeded: ib), as: SIMD16<Int8>.self)
    scales[block] = largest / 127
    sums[2 * block] = ia.wrappedSum()
    sums[2 * block + 1] = ib.wrappedSum()
    block = block + 1
  }
}

@inline(always) func laneMaximum(_ x: Floats) -> Float { kv_lane_maximum(x) }

/// The rows' width is a multiple of 16.
@Sendable func normaliseRootMeanSquare(
  _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float, _ rows: Int, _ width: Int,
  _ out: UnsafeMutablePointer<Float>
) {
  var row = 0
  while row < rows {
    let source = x + row * width
    var sum = Floats()
    var i = 0
    while i < width {
      let v = loadFloats(source + i)
      sum = multiplyAdd(sum, v, v)
      i = i + 16
    }
    let scale = 1 / (laneSum(sum) / Float(width) + epsilon).squareRoot()
    i = 0
    while i < width {
      storeFloats(loadFloats(source + i) * scale * loadFloats(weight + i), out + row * width + i)
      i = i + 16
    }
    row = row + 1
  }
}

/// The count is a multiple of 16.
@Sendable func gate(
  _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i < count {
    let g = loadFloats(gate + i)
    // Both branches of the logistic function through e^-|g|, which cannot overflow.
    let e = exponential(0 - magnitudes(g))
    let positive = 1 / (1 + e)
    let sigmoid = positive.replacing(with: e * positive, where: g .< 0)
    storeFloats(g * sigmoid * loadFloats(up + i), out + i)
    i = i + 16
  }
}

@Sendable func add(_ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) {
  var i = 0
  while i + 16 <= count {
    storeFloats(loadFloats(x + i) + loadFloats(y + i), x + i)
    i = i + 16
  }
  while i < count {
    x[i] += y[i]
    i = i + 1
  }
}

@Sendable func scale(_ x: UnsafeMutablePointer<Float>, _ factor: Float, _ count: Int) {
  var i = 0
  while i + 16 <= count {
    storeFloats(loadFloats(x + i) * factor, x + i)
    i = i + 16
  }
  while i < count {
    x[i] = x[i] * factor
    i = i + 1
  }
}

@Sendable func addScaled(
  _ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ factor: Float, _ count: Int
) {
  var i = 0
  while i + 16 <= count {
    storeFloats(multiplyAdd(loadFloats(x + i), loadFloats(y + i), Floats(repeating: factor)), x + i)
    i = i + 16
  }
  if i < count {
    // Through a vector, so that the last numbers are fused like the others.
    var a = Floats()
    var b = Floats()
    var lane = 0
    while i + lane < count {
      a[lane] = x[i + lane]
      b[lane] = y[i + lane]
      lane = lane + 1
    }
    let sum = multiplyAdd(a, b, Floats(repeating: factor))
    lane = 0
    while i + lane < count {
      x[i + lane] = sum[lane]
      lane = lane + 1
    }
  }
}

@Sendable func halfFromFloat(_ x: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<UInt16>) {
  var i = 0
  while i + 16 <= count {
    kv_store_half16(out + i, loadFloats(x + i))
    i = i + 16
  }
  while i < count {
    out[i] = kv_float_to_half_scalar(x[i])
    i = i + 1
  }
}

@Sendable func floatFromHalf(_ x: UnsafePointer<UInt16>, _ count: Int, _ out: UnsafeMutablePointer<Float>) {
  var i = 0
  while i + 16 <= count {
    storeFloats(kv_load_half16(x + i), out + i)
    i = i + 16
  }
  while i < count {
    out[i] = kv_half_to_float_scalar(x[i])
    i = i + 1
  }
}
