/// Requests that wait, first come first served: a ring that grows.
struct RequestQueue {
  private var ring: [Int] = Array(repeating: 0, count: 16)
  private var head = 0
  private(set) var count = 0

  var isEmpty: Bool { count == 0 }
  var first: Int? { count == 0 ? nil : ring[head] }

  mutating func append(_ request: Int) {
    if count == ring.count {
      // The ring's size stays a power of two, so that places wrap by a mask.
      ring = Array(ring[head...] + ring[..<head]) + Array(repeating: 0, count: ring.count)
      head = 0
    }
    ring[(head + count) & (ring.count - 1)] = request
    count += 1
  }

  mutating func removeFirst() -> Int? {
    guard count > 0 else { return nil }
    let request = ring[head]
    head = (head + 1) & (ring.count - 1)
    count -= 1
    return request
  }
}
