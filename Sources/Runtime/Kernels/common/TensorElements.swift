import CIntrinsics
import KernelABI

// The switch over operations stands outside of the loops: each `loop` is compiled for one operation. Numbers behind the
// last full vector go through the same vector operations, so that a number's result does not depend on its place.

@inline(always) func partial(_ p: UnsafePointer<Float>, _ count: Int) -> Floats {
  var x = Floats()
  var lane = 0
  while lane < count {
    x[lane] = p[lane]
    lane = lane + 1
  }
  return x
}

@inline(always) func store(_ x: Floats, _ p: UnsafeMutablePointer<Float>, _ count: Int) {
  var lane = 0
  while lane < count {
    p[lane] = x[lane]
    lane = lane + 1
  }
}

// MARK: One operand

@inline(always) private func apply(_ operation: TensorUnary, _ x: Floats) -> Floats {
  let (zero, one) = (Floats(), Floats(repeating: 1))
  switch operation {
  case .negate: return negated(x)
  case .absolute: return magnitudes(x)
  case .squareRoot: return kv_square_root_f32x16(x)
  case .square: return x * x
  case .reciprocal: return one / x
  case .exponential: return exponentialOfAny(x)
  case .logarithm: return logarithm(x)
  case .round: return kv_round_f32x16(x)
  case .floor: return kv_floor_f32x16(x)
  case .ceiling: return kv_ceiling_f32x16(x)
  case .sign:
    let above = zero.replacing(with: one, where: x .> zero)
    let signs = above.replacing(with: zero - one, where: x .< zero)
    return x.replacing(with: signs, where: x .== x)
  case .gaussianGate: return gaussianGate(x)
  }
}

@inline(always) private func negated(_ x: Floats) -> Floats {
  unsafeBitCast(unsafeBitCast(x, to: Ints.self) ^ Ints(repeating: Int32.min), to: Floats.self)
}

@inline(always) private func loop(
  _ operation: TensorUnary, _ x: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i + 16 <= count {
    storeFloats(apply(operation, loadFloats(x + i)), out + i)
    i = i + 16
  }
  if i < count { store(apply(operation, partial(x + i, count - i)), out + i, count - i) }
}

@Sendable func tensorUnary(
  _ operation: TensorUnary, _ x: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  switch operation {
  case .negate: loop(.negate, x, count, out)
  case .absolute: loop(.absolute, x, count, out)
  case .squareRoot: loop(.squareRoot, x, count, out)
  case .square: loop(.square, x, count, out)
  case .reciprocal: loop(.reciprocal, x, count, out)
  case .exponential: loop(.exponential, x, count, out)
  case .logarithm: loop(.logarithm, x, count, out)
  case .round: loop(.round, x, count, out)
  case .floor: loop(.floor, x, count, out)
  case .ceiling: loop(.ceiling, x, count, out)
  case .sign: loop(.sign, x, count, out)
  case .gaussianGate: loop(.gaussianGate, x, count, out)
  }
}

// MARK: Two operands

@inline(always) func apply(_ operation: TensorBinary, _ a: Floats, _ b: Floats) -> Floats {
  switch operation {
  case .add: return a + b
  case .subtract: return a - b
  case .multiply: return a * b
  case .divide: return a / b
  // With NaN on the right the comparison is false and b is taken; NaN on the left is put back.
  case .minimum: return a.replacing(with: b.replacing(with: a, where: a .< b), where: a .== a)
  case .maximum: return a.replacing(with: b.replacing(with: a, where: a .> b), where: a .== a)
  }
}

@inline(always) private func loop(
  _ operation: TensorBinary, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
  _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  if aStep == 1, bStep == 1 {
    while i + 16 <= count {
      storeFloats(apply(operation, loadFloats(a + i), loadFloats(b + i)), out + i)
      i = i + 16
    }
    if i < count {
      store(apply(operation, partial(a + i, count - i), partial(b + i, count - i)), out + i, count - i)
    }
  } else if aStep == 1 {
    let right = Floats(repeating: b[0])
    while i + 16 <= count {
      storeFloats(apply(operation, loadFloats(a + i), right), out + i)
      i = i + 16
    }
    if i < count { store(apply(operation, partial(a + i, count - i), right), out + i, count - i) }
  } else if bStep == 1 {
    let left = Floats(repeating: a[0])
    while i + 16 <= count {
      storeFloats(apply(operation, left, loadFloats(b + i)), out + i)
      i = i + 16
    }
    if i < count { store(apply(operation, left, partial(b + i, count - i)), out + i, count - i) }
  } else {
    let result = apply(operation, Floats(repeating: a[0]), Floats(repeating: b[0]))
    while i + 16 <= count {
      storeFloats(result, out + i)
      i = i + 16
    }
    store(result, out + i, count - i)
  }
}

@Sendable func tensorBinary(
  _ operation: TensorBinary, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
  _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  switch operation {
  case .add: loop(.add, a, aStep, b, bStep, count, out)
  case .subtract: loop(.subtract, a, aStep, b, bStep, count, out)
  case .multiply: loop(.multiply, a, aStep, b, bStep, count, out)
  case .divide: loop(.divide, a, aStep, b, bStep, count, out)
  case .minimum: loop(.minimum, a, aStep, b, bStep, count, out)
  case .maximum: loop(.maximum, a, aStep, b, bStep, count, out)
  }
}

// MARK: Codes

@Sendable func tensorRoundToCodes(
  _ x: UnsafePointer<Float>, _ count: Int, _ least: Float, _ scale: Float, _ most: Float,
  _ codes: UnsafeMutablePointer<Float>, _ restored: UnsafeMutablePointer<Float>
) {
  let (zero, top) = (Floats(), Floats(repeating: most))
  let (low, width) = (Floats(repeating: least), Floats(repeating: scale))
  var i = 0
  while i < count {
    let left = count - i < 16 ? count - i : 16
    let source = left == 16 ? loadFloats(x + i) : partial(x + i, left)
    var code = scale == 0 ? zero : kv_round_f32x16((source - low) / width)
    code = code.replacing(with: zero, where: code .< zero)
    code = code.replacing(with: top, where: code .> top)
    // Not fused, so that every instruction set restores the same numbers.
    let product = code * width
    let back = product + low
    if left == 16 {
      storeFloats(code, codes + i)
      storeFloats(back, restored + i)
    } else {
      store(code, codes + i, left)
      store(back, restored + i, left)
    }
    i = i + 16
  }
}
