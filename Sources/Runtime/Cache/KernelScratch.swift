import CIntrinsics

/// Calls `body` with memory for the length of the call, aligned to 64 bytes: the thread's own where it fits, since a step
/// of a long cache makes thousands of such calls. Calls may be nested.
@inline(__always)
func withKernelScratch<Result>(
  bytes: Int, _ body: (UnsafeMutableRawPointer) throws -> Result
) rethrows -> Result {
  let rounded = (max(bytes, 1) + 63) / 64 * 64
  if let area = kv_take_scratch(rounded) {
    defer { kv_give_scratch(rounded) }
    return try body(area)
  }
  let area = UnsafeMutableRawPointer.allocate(byteCount: rounded, alignment: 64)
  defer { area.deallocate() }
  return try body(area)
}

/// The same for a number of elements, of which nothing is known.
@inline(__always)
func withKernelScratch<Element: BitwiseCopyable, Result>(
  of type: Element.Type, capacity: Int, _ body: (UnsafeMutableBufferPointer<Element>) throws -> Result
) rethrows -> Result {
  try withKernelScratch(bytes: capacity * MemoryLayout<Element>.stride) {
    try body(UnsafeMutableBufferPointer(start: $0.bindMemory(to: type, capacity: capacity), count: capacity))
  }
}
