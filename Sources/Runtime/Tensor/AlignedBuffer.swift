/// Memory of a fixed number of elements on a cache-line boundary, freed with its owner.
///
/// Safe to send: whoever holds it hands out disjoint parts to tasks that are joined before the next use.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Element>
  public let count: Int

  /// All bytes are zero at first.
  public init(count: Int) {
    let bytes = max(64, count * MemoryLayout<Element>.stride)
    let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
    raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
    base = raw.assumingMemoryBound(to: Element.self)
    self.count = count
  }

  deinit { UnsafeMutableRawPointer(base).deallocate() }
}

/// Memory that is only ever made larger: scratch for one task, or the rows of a cache.
struct GrowingBuffer<Element: BitwiseCopyable> {
  private var buffer = AlignedBuffer<Element>(count: 0)

  var base: UnsafeMutablePointer<Element> { buffer.base }
  var capacity: Int { buffer.count }

  /// Makes room for `count` elements; the first `keeping` survive the move.
  mutating func reserve(_ count: Int, keeping: Int = 0) {
    guard count > buffer.count else { return }
    let larger = AlignedBuffer<Element>(count: max(count, buffer.count + buffer.count / 2))
    if keeping > 0 { larger.base.update(from: buffer.base, count: min(keeping, buffer.count)) }
    buffer = larger
  }
}
