import CIntrinsics
import KernelABI

/// The fast Walsh-Hadamard transform, block by block: butterflies within vectors, then between them.
@Sendable func hadamard(_ x: UnsafeMutablePointer<Float>, _ count: Int, _ block: Int) {
  let factor = 1 / Float(block).squareRoot()
  var first = 0
  while first < count {
    let numbers = x + first
    var i = 0
    while i < block {
      storeFloats(kv_hadamard16(loadFloats(numbers + i)), numbers + i)
      i = i + 16
    }
    var half = 16
    while half < block {
      var start = 0
      while start < block {
        i = start
        while i < start + half {
          let a = loadFloats(numbers + i)
          let b = loadFloats(numbers + i + half)
          storeFloats(a + b, numbers + i)
          storeFloats(a - b, numbers + i + half)
          i = i + 16
        }
        start = start + 2 * half
      }
      half = 2 * half
    }
    i = 0
    while i < block {
      storeFloats(loadFloats(numbers + i) * factor, numbers + i)
      i = i + 16
    }
    first = first + block
  }
}
