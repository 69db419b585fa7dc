import KernelABI
import Synchronization

/// The pages that all sequences and layers of one engine take theirs from, each with as many references as tables name it.
///
/// A page is keys [kvHeads, pageTokens / 16, headDim, 16] and then values [kvHeads, pageTokens, headDim] of one layer. Pages
/// never move: memory grows by slabs of them.
final class PagePool: Sendable {
  let pageTokens: Int
  let pageBytes: Int

  /// Pages of a slab, and slabs at most: 16 million pages.
  private static var slabPages: Int { 256 }
  private static var mostSlabs: Int { 1 << 16 }

  private struct State {
    var slabs: [AlignedBuffer<UInt8>] = []
    /// Pages that nobody has; the last one goes next.
    var free: [Int32] = []
    /// How many tables name each page.
    var references: [Int32] = []
    var used = 0
    var peak = 0
  }

  private let state = Mutex(State())
  /// Where each slab lies; an entry is written before its first page is handed out, and never again.
  private let addresses = AlignedBuffer<UInt>(count: mostSlabs)

  init(shape: CacheShape, pageTokens: Int) {
    self.pageTokens = pageTokens
    pageBytes = pageTokens * shape.tokenBytes
  }

  /// Pages that some table names, and the most there were at once.
  var usedPages: Int { state.withLock { $0.used } }
  var peakPages: Int { state.withLock { $0.peak } }

  /// A page of one's own.
  func take() -> Int32 {
    state.withLock { state in
      if state.free.isEmpty {
        let slab = AlignedBuffer<UInt8>(count: Self.slabPages * pageBytes)
        precondition(state.slabs.count < Self.mostSlabs, "forecasts of memory refuse such runs")
        addresses.base[state.slabs.count] = UInt(bitPattern: slab.base)
        let first = state.slabs.count * Self.slabPages
        state.slabs.append(slab)
        state.references += [Int32](repeating: 0, count: Self.slabPages)
        state.free += (first..<first + Self.slabPages).reversed().map { Int32(truncatingIfNeeded: $0) }
      }
      let page = state.free.removeLast()
      state.references[Int(page)] = 1
      state.used += 1
      state.peak = max(state.peak, state.used)
      return page
    }
  }

  /// One more table names the page.
  func retain(_ page: Int32) { state.withLock { $0.references[Int(page)] += 1 } }

  /// One table less names the page; the last one frees it.
  func release(_ page: Int32) {
    state.withLock { state in
      state.references[Int(page)] -= 1
      guard state.references[Int(page)] == 0 else { return }
      state.free.append(page)
      state.used -= 1
    }
  }

  func references(_ page: Int32) -> Int { state.withLock { Int($0.references[Int(page)]) } }

  /// A page of one's own that holds what `page` does, in exchange for the reference to it.
  func copy(_ page: Int32) -> Int32 {
    let own = take()
    address(own).copyMemory(from: address(page), byteCount: pageBytes)
    release(page)
    return own
  }

  func address(_ page: Int32) -> UnsafeMutableRawPointer {
    let (slab, place) = Int(page).quotientAndRemainder(dividingBy: Self.slabPages)
    // Whoever has a page's number has it from `take`, after the slab's address was written.
    return UnsafeMutableRawPointer(bitPattern: addresses.base[slab]).unsafelyUnwrapped + place * pageBytes
  }
}
