import Synchronization

/// Memory that tensors which grow by copy have left, for the next ones: without it every copy would pay for fresh pages of
/// the system, which no library that works so does.
final class SpareBuffers<Element: BitwiseCopyable>: Sendable {
  /// More than the threads that copy at the same time, keys and values each; the rest goes back.
  private static var most: Int { 16 }

  private let spares = Mutex<[AlignedBuffer<Element>]>([])

  /// Memory of at least `count` elements, of which nothing is known.
  func take(_ count: Int) -> AlignedBuffer<Element> {
    let found = spares.withLock { spares -> AlignedBuffer<Element>? in
      guard
        let index = spares.indices.filter({ spares[$0].count >= count }).min(by: { spares[$0].count < spares[$1].count }
        )
      else { return nil }
      return spares.remove(at: index)
    }
    return found ?? AlignedBuffer(count: count + count / 16 + 64)
  }

  func give(_ buffer: AlignedBuffer<Element>) {
    guard buffer.count > 0 else { return }
    spares.withLock { spares in
      spares.append(buffer)
      // What is too small for anyone goes first.
      if spares.count > Self.most, let least = spares.indices.min(by: { spares[$0].count < spares[$1].count }) {
        spares.remove(at: least)
      }
    }
  }
}
