/// Memory on a cache-line boundary for one benchmark.
final class BenchMemory<Element: BitwiseCopyable> {
  let base: UnsafeMutablePointer<Element>
  let count: Int

  init(_ count: Int, filledWith element: Element) {
    self.count = count
    let raw = UnsafeMutableRawPointer.allocate(
      byteCount: max(64, count * MemoryLayout<Element>.stride), alignment: 64)
    base = raw.initializeMemory(as: Element.self, repeating: element, count: count)
  }

  func fill(_ element: Element) { base.update(repeating: element, count: count) }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}
