import KernelABI

/// Hidden states of tokens that wait before a layer, with their positions, in the cache's element.
struct ParkedStates {
  let hidden: Int
  let element: FloatElement
  private(set) var positions: [Int32] = []
  private var states = GrowingBuffer<UInt8>()  // [positions, hidden]

  init(hidden: Int, element: FloatElement) {
    self.hidden = hidden
    self.element = element
  }

  private var rowBytes: Int { hidden * element.bytes }

  /// Bytes of the states and of their positions.
  var bytes: Int { positions.count * Self.bytes(hidden: hidden, element) }

  static func bytes(hidden: Int, _ element: FloatElement) -> Int { hidden * element.bytes + MemoryLayout<Int32>.size }

  mutating func put(_ position: Int, _ state: UnsafePointer<Float>) {
    states.reserve((positions.count + 1) * rowBytes, keeping: positions.count * rowBytes)
    let row = UnsafeMutableRawPointer(states.base + positions.count * rowBytes)
    switch element {
    case .float32: row.copyMemory(from: state, byteCount: rowBytes)
    default:
      for index in 0..<hidden { row.storeBytes(of: Half.bits(state[index]), toByteOffset: 2 * index, as: UInt16.self) }
    }
    positions.append(Int32(truncatingIfNeeded: position))
  }

  /// Writes a token's state and forgets it; false if it does not wait here.
  mutating func take(_ position: Int, into state: UnsafeMutablePointer<Float>) -> Bool {
    guard let index = positions.firstIndex(of: Int32(truncatingIfNeeded: position)) else { return false }
    let row = UnsafeMutableRawPointer(states.base + index * rowBytes)
    switch element {
    case .float32: UnsafeMutableRawPointer(state).copyMemory(from: row, byteCount: rowBytes)
    default:
      for channel in 0..<hidden { state[channel] = Half.float(row.load(fromByteOffset: 2 * channel, as: UInt16.self)) }
    }
    let last = positions.count - 1
    if index != last { row.copyMemory(from: states.base + last * rowBytes, byteCount: rowBytes) }
    positions.swapAt(index, last)
    positions.removeLast()
    states.shrink(to: positions.count * rowBytes)
    return true
  }
}
