import Foundation

/// Memory of a fixed number of elements on a cache-line boundary, freed with its owner.
///
/// Safe to send: whoever holds it hands out disjoint parts to tasks that are joined before the next use.
public final class AlignedBuffer<Element: BitwiseCopyable>: @unchecked Sendable {
  public let base: UnsafeMutablePointer<Element>
  public let count: Int
  /// Bytes of the mapping, 0 if the memory came from the heap.
  private let mappedBytes: Int

  /// All bytes are zero at first. Large memory is not resident before it is written, and goes back whole.
  ///
  /// - Parameter hugePages: for memory that is written from end to end at once, such as a large result.
  public init(count: Int, hugePages: Bool = false) {
    self.count = count
    let bytes = max(64, count * MemoryLayout<Element>.stride)
    if bytes >= (hugePages ? Self.leastHugeBytes : Self.leastMappedBytes), let mapping = Self.map(bytes) {
      mappedBytes = bytes
      #if os(Linux)
        if hugePages { madvise(mapping, bytes, MADV_HUGEPAGE) }
      #endif
      base = mapping.assumingMemoryBound(to: Element.self)
    } else {
      mappedBytes = 0
      let raw = UnsafeMutableRawPointer.allocate(byteCount: bytes, alignment: 64)
      raw.initializeMemory(as: UInt8.self, repeating: 0, count: bytes)
      base = raw.assumingMemoryBound(to: Element.self)
    }
  }

  deinit {
    if mappedBytes == 0 {
      UnsafeMutableRawPointer(base).deallocate()
    } else if munmap(base, mappedBytes) != 0 {
      // A process has so many mappings at most; the pages go back even where the addresses cannot.
      madvise(base, mappedBytes, MADV_DONTNEED)
    }
  }

  /// From here on memory is the system's. All heads of a cache grow at the same step, each a little: in a heap the old
  /// memory of one is too small for the next, and the holes stay (160 MB beside the 270 MB of 32 sequences of 1,024
  /// tokens at 4 bits).
  fileprivate static var leastMappedBytes: Int { 3 << 10 }

  private static var leastHugeBytes: Int { 4 << 20 }

  private static func map(_ bytes: Int) -> UnsafeMutableRawPointer? {
    let mapping = mmap(nil, bytes, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0)
    return mapping == MAP_FAILED ? nil : mapping
  }
}

/// Memory that is only ever made larger: scratch for one task, or the rows of a cache.
struct GrowingBuffer<Element: BitwiseCopyable> {
  private var buffer: AlignedBuffer<Element> { didSet { (base, capacity) = (buffer.base, buffer.count) } }
  // Copies of the buffer's own, so that looking them up counts no reference.
  private(set) var base: UnsafeMutablePointer<Element>
  private(set) var capacity: Int

  /// Makes room for `count` elements.
  ///
  /// - Parameter keeping: how many of the first ones survive the move, for memory that goes on growing; nil for scratch.
  mutating func reserve(_ count: Int, keeping: Int? = nil) {
    guard count > capacity else { return }
    let size = keeping == nil ? max(count, capacity + capacity / 2) : count + Self.room(beside: count)
    let survivors = min(keeping ?? 0, capacity)
    // Nothing to be kept: the old memory goes before the new one comes.
    if survivors == 0 { buffer = AlignedBuffer(count: 0) }
    let larger = AlignedBuffer<Element>(count: size)
    if survivors > 0 { larger.base.update(from: buffer.base, count: survivors) }
    buffer = larger
  }

  /// Elements beyond those that are needed now. What is mapped and not yet written is an address and no memory, so there
  /// may be much of it: with an eighth, as in a heap, a tenth of the time of a batch went into new mappings.
  private static func room(beside count: Int) -> Int {
    count >= leastMapped ? max(count, 16 * leastMapped) : count / 8
  }

  /// Elements from which on memory is mapped.
  private static var leastMapped: Int { AlignedBuffer<Element>.leastMappedBytes / MemoryLayout<Element>.stride }

  /// Moves the first `keeping` elements into other memory that has room for `count`, as a tensor that grows by copy does.
  mutating func move(to spares: SpareBuffers<Element>, count: Int, keeping: Int) {
    let larger = spares.take(count)
    larger.base.update(from: buffer.base, count: min(keeping, count))
    spares.give(buffer)
    buffer = larger
  }

  /// Memory for `count` elements from those that others have left.
  init(from spares: SpareBuffers<Element>, count: Int) { self.init(spares.take(count)) }

  init() { self.init(AlignedBuffer(count: 0)) }

  private init(_ buffer: AlignedBuffer<Element>) {
    self.buffer = buffer
    (base, capacity) = (buffer.base, buffer.count)
  }

  /// Leaves its memory to others; it is empty then.
  mutating func give(to spares: SpareBuffers<Element>) {
    spares.give(buffer)
    buffer = AlignedBuffer(count: 0)
  }

  /// Gives back memory beyond `count` elements if that is more than half of it; the first `count` survive.
  mutating func shrink(to count: Int) {
    guard count < buffer.count / 2 else { return }
    let smaller = AlignedBuffer<Element>(count: count + Self.room(beside: count))
    smaller.base.update(from: buffer.base, count: count)
    buffer = smaller
  }
}
