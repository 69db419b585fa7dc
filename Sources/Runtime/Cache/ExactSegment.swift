import KernelABI

/// Exact keys of one head in blocks of 16 tokens, [block, headDim, 16], so that scores have tokens in the lanes.
struct ExactKeys {
  private var storage = GrowingBuffer<UInt8>()
  private(set) var count = 0
  let headDim: Int
  let element: FloatElement

  init(headDim: Int, element: FloatElement) {
    self.headDim = headDim
    self.element = element
  }

  private var blockBytes: Int { headDim * 16 * element.bytes }

  var rows: ExactRows { ExactRows(elements: storage.base, element: element, headDim: headDim) }

  /// Elements that pad the last block.
  var slackBytes: Int { ((count + 15) / 16 * 16 - count) * headDim * element.bytes }

  private func address(_ token: Int, _ channel: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(storage.base) + token / 16 * blockBytes + (channel * 16 + token % 16) * element.bytes
  }

  /// - Parameter spares: if given, the old blocks are copied into other memory, as a tensor that grows by copy is.
  /// - Returns: bytes of old blocks that were copied.
  @discardableResult
  mutating func append(
    _ source: UnsafePointer<Float>, stride: Int, tokens: Int, copyingTo spares: SpareBuffers<UInt8>? = nil
  ) -> Int {
    let old = (count + 15) / 16 * blockBytes
    let new = (count + tokens + 15) / 16 * blockBytes
    if let spares { storage.move(to: spares, count: new, keeping: old) } else { storage.reserve(new, keeping: old) }
    for token in 0..<tokens {
      storeRow(source + token * stride, headDim, at: address(count + token, 0), stride: 16, element)
    }
    count += tokens
    return spares == nil ? 0 : old
  }

  /// The same keys in memory of their own, with room for as many more as growing leaves.
  func copy() -> ExactKeys {
    var copy = ExactKeys(headDim: headDim, element: element)
    let bytes = (count + 15) / 16 * blockBytes
    copy.storage.reserve(bytes, keeping: 0)
    copy.storage.base.update(from: storage.base, count: bytes)
    copy.count = count
    return copy
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = loadElement(address(token, channel), element) }
  }

  /// Copies token `from` over token `to`.
  func move(_ from: Int, to: Int) {
    for channel in 0..<headDim {
      address(to, channel).copyMemory(from: address(from, channel), byteCount: element.bytes)
    }
  }

  mutating func removeLast(_ tokens: Int) { count -= tokens }

  /// Gives back the memory of tokens that have left, if it is more than the rest.
  mutating func shrink() { storage.shrink(to: (count + 15) / 16 * blockBytes) }

  /// Drops the first `tokens` tokens.
  mutating func removeFirst(_ tokens: Int) {
    for token in tokens..<count { move(token, to: token - tokens) }
    count -= tokens
  }
}

/// Exact values of one head, [tokens, headDim], that may lose tokens at the front.
struct ExactValues {
  private var storage = GrowingBuffer<UInt8>()
  private var first = 0
  private(set) var count = 0
  let headDim: Int
  let element: FloatElement

  init(headDim: Int, element: FloatElement) {
    self.headDim = headDim
    self.element = element
  }

  private var rowBytes: Int { headDim * element.bytes }

  var rows: ExactRows {
    ExactRows(elements: storage.base + first * rowBytes, element: element, headDim: headDim)
  }

  private func address(_ token: Int) -> UnsafeMutableRawPointer {
    UnsafeMutableRawPointer(storage.base) + (first + token) * rowBytes
  }

  /// - Parameter spares: if given, the old rows are copied into other memory, as a tensor that grows by copy is.
  /// - Returns: bytes of old rows that were copied.
  @discardableResult
  mutating func append(
    _ source: UnsafePointer<Float>, stride: Int, tokens: Int, copyingTo spares: SpareBuffers<UInt8>? = nil
  ) -> Int {
    let old = (first + count) * rowBytes
    let new = (first + count + tokens) * rowBytes
    if let spares { storage.move(to: spares, count: new, keeping: old) } else { storage.reserve(new, keeping: old) }
    for token in 0..<tokens {
      storeRow(source + token * stride, headDim, at: address(count + token), stride: 1, element)
    }
    count += tokens
    return spares == nil ? 0 : old
  }

  /// The same values in memory of their own.
  func copy() -> ExactValues {
    var copy = ExactValues(headDim: headDim, element: element)
    copy.storage.reserve(count * rowBytes, keeping: 0)
    copy.storage.base.update(from: storage.base + first * rowBytes, count: count * rowBytes)
    copy.count = count
    return copy
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = loadElement(address(token) + channel * element.bytes, element) }
  }

  func move(_ from: Int, to: Int) { address(to).copyMemory(from: address(from), byteCount: rowBytes) }

  /// Puts another row in a token's place; what half precision cannot hold stays at its largest number.
  func replace(_ token: Int, with row: UnsafePointer<Float>) {
    let limit: Float = element == .float16 ? 65_504 : .greatestFiniteMagnitude
    for channel in 0..<headDim {
      storeElement(min(max(row[channel], -limit), limit), at: address(token) + channel * element.bytes, element)
    }
  }

  mutating func removeLast(_ tokens: Int) { count -= tokens }

  /// Gives back the memory of tokens that have left, if it is more than the rest.
  mutating func shrink() { storage.shrink(to: (first + count) * rowBytes) }

  /// Drops the first `tokens` tokens; memory is closed up now and then, not at every step.
  mutating func removeFirst(_ tokens: Int) {
    first += tokens
    count -= tokens
    if first >= 32 || count == 0, first > count / 4 {
      storage.base.update(from: storage.base + first * rowBytes, count: count * rowBytes)
      first = 0
    }
  }
}

/// Writes a row of numbers as elements, every `stride`th one; one look at the element for all.
private func storeRow(
  _ row: UnsafePointer<Float>, _ count: Int, at address: UnsafeMutableRawPointer, stride: Int, _ element: FloatElement
) {
  if element == .float32 {
    let target = address.assumingMemoryBound(to: Float.self)
    for index in 0..<count { target[index * stride] = row[index] }
  } else {
    let target = address.assumingMemoryBound(to: UInt16.self)
    for index in 0..<count { target[index * stride] = Half.bits(row[index]) }
  }
}

/// Writes a number as an element.
@inline(__always) func storeElement(_ x: Float, at address: UnsafeMutableRawPointer, _ element: FloatElement) {
  if element == .float32 {
    address.storeBytes(of: x, as: Float.self)
  } else {
    address.storeBytes(of: Half.bits(x), as: UInt16.self)
  }
}

/// Reads an element as a number.
@inline(__always) func loadElement(_ address: UnsafeMutableRawPointer, _ element: FloatElement) -> Float {
  element == .float32 ? address.load(as: Float.self) : Half.float(address.load(as: UInt16.self))
}
