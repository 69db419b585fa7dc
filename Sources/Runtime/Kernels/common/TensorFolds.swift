import CIntrinsics
import KernelABI

/// Numbers that are added in single precision before their sum joins a double.
private let blockCount = 256

@Sendable func tensorFold(_ operation: TensorFold, _ x: UnsafePointer<Float>, _ count: Int) -> Double {
  switch operation {
  case .sum: return sums(.sum, x, count)
  case .sumOfSquares: return sums(.sumOfSquares, x, count)
  case .sumOfMagnitudes: return sums(.sumOfMagnitudes, x, count)
  case .minimum: return extreme(.minimum, x, count)
  case .maximum: return extreme(.maximum, x, count)
  }
}

@inline(always) private func term(_ operation: TensorFold, _ x: Floats) -> Floats {
  switch operation {
  case .sumOfSquares: return x * x
  case .sumOfMagnitudes: return magnitudes(x)
  default: return x
  }
}

/// In lanes of 16, then in lane order, then what is left: the order of `RowNorms`, so that a norm has the same bits there.
@inline(always) private func sums(_ operation: TensorFold, _ x: UnsafePointer<Float>, _ count: Int) -> Double {
  var total = 0.0
  var start = 0
  while start < count {
    let end = count - start < blockCount ? count : start + blockCount
    var lanes = Floats()
    var i = start
    while i + 16 <= end {
      lanes = lanes + term(operation, loadFloats(x + i))
      i = i + 16
    }
    var sum: Float = 0
    var lane = 0
    while lane < 16 {
      sum = sum + lanes[lane]
      lane = lane + 1
    }
    while i < end {
      sum = sum + term(operation, x[i])
      i = i + 1
    }
    total = total + Double(sum)
    start = end
  }
  return total
}

@inline(always) private func term(_ operation: TensorFold, _ x: Float) -> Float {
  switch operation {
  case .sumOfSquares: return x * x
  case .sumOfMagnitudes: return x < 0 ? -x : x
  default: return x
  }
}

@inline(always) private func extreme(_ operation: TensorFold, _ x: UnsafePointer<Float>, _ count: Int) -> Double {
  let isMaximum = operation == .maximum
  let none: Float = isMaximum ? -.infinity : .infinity
  var a = Floats(repeating: none)
  var b = a
  var c = a
  var d = a
  var i = 0
  while i + 64 <= count {
    a = further(a, loadFloats(x + i), isMaximum)
    b = further(b, loadFloats(x + i + 16), isMaximum)
    c = further(c, loadFloats(x + i + 32), isMaximum)
    d = further(d, loadFloats(x + i + 48), isMaximum)
    i = i + 64
  }
  while i + 16 <= count {
    a = further(a, loadFloats(x + i), isMaximum)
    i = i + 16
  }
  if i < count {
    var tail = Floats(repeating: none)
    var lane = 0
    while i + lane < count {
      tail[lane] = x[i + lane]
      lane = lane + 1
    }
    b = further(b, tail, isMaximum)
  }
  let lanes = further(further(a, b, isMaximum), further(c, d, isMaximum), isMaximum)
  var best = lanes[0]
  var lane = 1
  while lane < 16 {
    let next = lanes[lane]
    if next != next || (best == best && (isMaximum ? next > best : next < best)) { best = next }
    lane = lane + 1
  }
  return Double(best)
}

@inline(always) private func further(_ a: Floats, _ b: Floats, _ isMaximum: Bool) -> Floats {
  apply(isMaximum ? .maximum : .minimum, a, b)
}
