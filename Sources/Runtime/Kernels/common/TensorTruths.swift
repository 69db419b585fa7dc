import CIntrinsics
import KernelABI

// Truths are bytes of 0 and 1: a quarter of the memory traffic of floats, which is what bounds these loops.

typealias Truths = SIMD16<UInt8>

@inline(always) private func apply(_ operation: TensorComparison, _ a: Floats, _ b: Floats) -> Truths {
  switch operation {
  case .less: return kv_less(a, b)
  case .lessEqual: return kv_less_equal(a, b)
  case .equal: return kv_equal(a, b)
  case .unequal: return kv_unequal(a, b)
  }
}

@inline(always) private func read(_ x: UnsafePointer<Float>, _ step: Int, _ at: Int, _ count: Int) -> Floats {
  if step == 0 { return Floats(repeating: x[0]) }
  return count == 16 ? loadFloats(x + at) : partial(x + at, count)
}

@inline(always) private func loop(
  _ operation: TensorComparison, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
  _ count: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  var i = 0
  if aStep == 1, bStep == 1 {
    while i + 16 <= count {
      kv_store_truths(out + i, apply(operation, loadFloats(a + i), loadFloats(b + i)), 16)
      i = i + 16
    }
  } else if aStep == 1 {
    let right = Floats(repeating: b[0])
    while i + 16 <= count {
      kv_store_truths(out + i, apply(operation, loadFloats(a + i), right), 16)
      i = i + 16
    }
  } else if bStep == 1 {
    let left = Floats(repeating: a[0])
    while i + 16 <= count {
      kv_store_truths(out + i, apply(operation, left, loadFloats(b + i)), 16)
      i = i + 16
    }
  } else {
    let result = apply(operation, Floats(repeating: a[0]), Floats(repeating: b[0]))
    while i + 16 <= count {
      kv_store_truths(out + i, result, 16)
      i = i + 16
    }
  }
  if i < count {
    let left = count - i
    kv_store_truths(out + i, apply(operation, read(a, aStep, i, left), read(b, bStep, i, left)), left)
  }
}

@Sendable func tensorCompare(
  _ operation: TensorComparison, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
  _ count: Int, _ out: UnsafeMutablePointer<UInt8>
) {
  // No numbers may have no address behind which one lies.
  if count <= 0 { return }
  switch operation {
  case .less: loop(.less, a, aStep, b, bStep, count, out)
  case .lessEqual: loop(.lessEqual, a, aStep, b, bStep, count, out)
  case .equal: loop(.equal, a, aStep, b, bStep, count, out)
  case .unequal: loop(.unequal, a, aStep, b, bStep, count, out)
  }
}

@Sendable func tensorSelect(
  _ condition: UnsafePointer<UInt8>, _ conditionStep: Int, _ a: UnsafePointer<Float>, _ aStep: Int,
  _ b: UnsafePointer<Float>, _ bStep: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>
) {
  var i = 0
  while i + 16 <= count {
    let truths = conditionStep == 0 ? kv_same_truths(condition[0]) : kv_load_truths(condition + i, 16)
    storeFloats(kv_choose(truths, read(a, aStep, i, 16), read(b, bStep, i, 16)), out + i)
    i = i + 16
  }
  if i < count {
    let left = count - i
    let truths = conditionStep == 0 ? kv_same_truths(condition[0]) : kv_load_truths(condition + i, left)
    store(kv_choose(truths, read(a, aStep, i, left), read(b, bStep, i, left)), out + i, left)
  }
}

@Sendable func tensorWiden(_ truths: UnsafePointer<UInt8>, _ count: Int, _ out: UnsafeMutablePointer<Float>) {
  var i = 0
  while i + 16 <= count {
    storeFloats(kv_floats_from_truths(kv_load_truths(truths + i, 16)), out + i)
    i = i + 16
  }
  if i < count { store(kv_floats_from_truths(kv_load_truths(truths + i, count - i)), out + i, count - i) }
}

@Sendable func tensorCountTruths(_ truths: UnsafePointer<UInt8>, _ count: Int) -> Int { kv_count_truths(truths, count) }
