import KernelABI
import Synchronization

/// Exact keys and values of one layer of one sequence in pages of a common pool, found through a table (sheet engines, paged).
///
/// Token t of a head lies in page `table[t / pageTokens]`, slot `t % pageTokens`; a page holds all heads. Heads of unequal
/// length leave slots of the last pages empty, and a page goes back when no head needs it. Tokens that leave do not leave
/// holes: the rest closes up, whole pages by changing the table alone where all heads drop the same tokens, else row by row.
final class PagedStore: LayerStore {
  private let pool: PagePool
  private let shape: CacheShape
  private let kernels: KernelTable
  private let counts: AlignedBuffer<Int>  // [kvHeads]
  /// Numbers of the pages; entries of it may be exchanged by one head while another reads them.
  private var table = GrowingBuffer<Int32>()
  private var pages = 0
  /// Heads that close up at the same time change the table one after the other.
  private let exchanging = Mutex(())
  private let movedRows = Atomic<Int>(0)
  private let copiedPages = Atomic<Int>(0)
  private let movedBytes = Atomic<Int>(0)
  private var peakPages = 0

  init(shape: CacheShape, kernels: KernelTable, pool: PagePool) {
    self.shape = shape
    self.kernels = kernels
    self.pool = pool
    counts = AlignedBuffer(count: shape.kvHeads)
  }

  deinit { for index in 0..<pages { pool.release(table.base[index]) } }

  private var pageTokens: Int { pool.pageTokens }
  private var longest: Int { (0..<shape.kvHeads).reduce(0) { max($0, counts.base[$1]) } }
  private func pages(of tokens: Int) -> Int { (tokens + pageTokens - 1) / pageTokens }

  func count(head: Int) -> Int { counts.base[head] }

  // MARK: Pages

  /// Takes the pages that the next tokens need and makes those of one's own that they will be written to.
  func makeRoom(_ tokens: Int) {
    trim()
    for head in 0..<shape.kvHeads {
      let first = counts.base[head] / pageTokens
      for index in first..<max(first, min(pages, pages(of: counts.base[head] + tokens))) { own(index) }
    }
    let needed = pages(of: longest + tokens)
    table.reserve(needed, keeping: pages)
    while pages < needed {
      table.base[pages] = pool.take()
      pages += 1
    }
    peakPages = max(peakPages, pages)
  }

  /// Copies a page before it is written, if another table names it too.
  private func own(_ index: Int) {
    exchanging.withLock { _ in
      guard pool.references(table.base[index]) > 1 else { return }
      table.base[index] = pool.copy(table.base[index])
      copiedPages.add(1, ordering: .relaxed)
      movedBytes.add(2 * pool.pageBytes, ordering: .relaxed)
    }
  }

  /// Gives back pages that no head needs any longer; one thread's work, between those of heads.
  private func trim() {
    let needed = pages(of: longest)
    while pages > needed {
      pages -= 1
      pool.release(table.base[pages])
    }
  }

  /// Names the pages that hold another sequence's first tokens, until one of the two writes to them.
  ///
  /// Nothing may have been appended here, and no head of the other have lost one of those tokens.
  func adopt(prefix tokens: Int, of other: PagedStore) {
    let shared = pages(of: tokens)
    guard pages == 0, other.pool === pool, other.pages >= shared else { return }
    table.reserve(shared)
    for index in 0..<shared {
      pool.retain(other.table.base[index])
      table.base[index] = other.table.base[index]
    }
    pages = shared
    peakPages = max(peakPages, pages)
    counts.base.update(repeating: tokens, count: shape.kvHeads)
  }

  /// Pages of one's own, unlike `adopt`, as a sequence that had read the text itself would have them.
  func copy(_ other: any LayerStore) -> Bool {
    guard let other = other as? PagedStore, pages == 0, other.pool === pool else { return false }
    table.reserve(other.pages)
    while pages < other.pages {
      let page = pool.take()
      pool.address(page).copyMemory(from: pool.address(other.table.base[pages]), byteCount: pool.pageBytes)
      table.base[pages] = page
      pages += 1
    }
    peakPages = other.peakPages
    counts.base.update(from: other.counts.base, count: shape.kvHeads)
    return true
  }

  /// Numbers of the pages in order, for tests.
  var pageNumbers: [Int32] { (0..<pages).map { table.base[$0] } }

  var use: PageUse {
    var use = PageUse()
    use.pages = pages
    use.slots = pages * pageTokens * shape.kvHeads
    use.usedSlots = (0..<shape.kvHeads).reduce(0) { $0 + counts.base[$1] }
    use.copiedPages = copiedPages.load(ordering: .relaxed)
    use.movedRows = movedRows.load(ordering: .relaxed)
    return use
  }

  // MARK: Places

  private var rowBytes: Int { shape.headDim * shape.element.bytes }

  private func keys(_ page: Int, head: Int) -> UnsafeMutableRawPointer {
    pool.address(table.base[page]) + head * pageTokens * rowBytes
  }

  private func values(_ page: Int, head: Int) -> UnsafeMutableRawPointer {
    pool.address(table.base[page]) + (shape.kvHeads + head) * pageTokens * rowBytes
  }

  private func key(_ slot: Int, head: Int, channel: Int) -> UnsafeMutableRawPointer {
    let place = slot % pageTokens
    return keys(slot / pageTokens, head: head) + place / 16 * 16 * rowBytes
      + (channel * 16 + place % 16) * shape.element.bytes
  }

  private func value(_ slot: Int, head: Int) -> UnsafeMutableRawPointer {
    values(slot / pageTokens, head: head) + slot % pageTokens * rowBytes
  }

  /// Calls `body` with the part of a range of slots that each page holds, by place in the page.
  @inline(__always)
  private func forEachPage(_ tokens: Range<Int>, _ body: (_ page: Int, _ places: Range<Int>, _ offset: Int) -> Void) {
    var token = tokens.lowerBound
    while token < tokens.upperBound {
      let page = token / pageTokens
      let end = min(tokens.upperBound, (page + 1) * pageTokens)
      body(page, token - page * pageTokens..<end - page * pageTokens, token - tokens.lowerBound)
      token = end
    }
  }

  // MARK: Attention

  func append(head: Int, keys: UnsafePointer<Float>, values: UnsafePointer<Float>, stride: Int, tokens: Int) {
    for token in 0..<tokens {
      let slot = counts.base[head] + token
      let target = value(slot, head: head)
      for channel in 0..<shape.headDim {
        storeElement(keys[token * stride + channel], at: key(slot, head: head, channel: channel), shape.element)
        storeElement(values[token * stride + channel], at: target + channel * shape.element.bytes, shape.element)
      }
    }
    counts.base[head] += tokens
    movedBytes.add(2 * tokens * rowBytes, ordering: .relaxed)
  }

  func takeMovedBytes() -> Int { movedBytes.exchange(0, ordering: .relaxed) }

  func scores(
    head: Int, queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, out: UnsafeMutablePointer<Float>,
    outStride: Int
  ) {
    forEachPage(tokens) { page, places, offset in
      let rowsOfPage = ExactRows(elements: keys(page, head: head), element: shape.element, headDim: shape.headDim)
      kernels.keyScores(
        rowsOfPage, places.lowerBound / 16..<(places.upperBound + 15) / 16, queries, rows, out + offset, outStride)
    }
  }

  func accumulate(
    head: Int, weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    acc: UnsafeMutablePointer<Float>
  ) {
    forEachPage(tokens) { page, places, offset in
      let rowsOfPage = ExactRows(elements: values(page, head: head), element: shape.element, headDim: shape.headDim)
      kernels.accumulateValues(rowsOfPage, places, weights + offset, weightStride, rows, acc)
    }
  }

  // MARK: Eviction

  func keep(head: Int, slots: [Int]) {
    for (target, slot) in slots.enumerated() where target != slot { move(slot, to: target, head: head) }
    counts.base[head] = slots.count
  }

  func keep(heads: Range<Int>, slots: [Int]) {
    guard heads.count == shape.kvHeads else {
      for head in heads { keep(head: head, slots: slots) }
      return
    }
    // All heads keep the same tokens: a page whose tokens stay together at its own border is only named elsewhere.
    let old = pageNumbers
    var new: [Int32] = []
    for first in stride(from: 0, to: slots.count, by: pageTokens) {
      let part = slots[first..<min(slots.count, first + pageTokens)]
      let source = slots[first]
      if source % pageTokens == 0, slots[part.endIndex - 1] - source == part.count - 1 {
        pool.retain(old[source / pageTokens])
        new.append(old[source / pageTokens])
        continue
      }
      let page = pool.take()
      for (place, slot) in part.enumerated() { copy(slot, to: place, of: page) }
      movedRows.add(part.count * shape.kvHeads, ordering: .relaxed)
      movedBytes.add(4 * part.count * rowBytes * shape.kvHeads, ordering: .relaxed)
      new.append(page)
    }
    for page in old { pool.release(page) }
    table.reserve(new.count)
    for (index, page) in new.enumerated() { table.base[index] = page }
    peakPages = max(peakPages, pages + new.count { !old.contains($0) })
    pages = new.count
    counts.base.update(repeating: slots.count, count: shape.kvHeads)
  }

  /// Copies a token of all heads to a place of a page that no table names yet.
  private func copy(_ slot: Int, to place: Int, of page: Int32) {
    let target = pool.address(page)
    for head in 0..<shape.kvHeads {
      let keys = target + head * pageTokens * rowBytes + place / 16 * 16 * rowBytes
      for channel in 0..<shape.headDim {
        (keys + (channel * 16 + place % 16) * shape.element.bytes)
          .copyMemory(from: key(slot, head: head, channel: channel), byteCount: shape.element.bytes)
      }
      (target + ((shape.kvHeads + head) * pageTokens + place) * shape.headDim * shape.element.bytes)
        .copyMemory(from: value(slot, head: head), byteCount: rowBytes)
    }
  }

  func remove(head: Int, slot: Int) {
    let last = counts.base[head] - 1
    if slot != last { move(last, to: slot, head: head) }
    counts.base[head] = last
  }

  private func move(_ from: Int, to: Int, head: Int) {
    own(to / pageTokens)
    for channel in 0..<shape.headDim {
      key(to, head: head, channel: channel)
        .copyMemory(from: key(from, head: head, channel: channel), byteCount: shape.element.bytes)
    }
    value(to, head: head).copyMemory(from: value(from, head: head), byteCount: rowBytes)
    movedRows.add(1, ordering: .relaxed)
    movedBytes.add(4 * rowBytes, ordering: .relaxed)
  }

  var removesTokens: Bool { true }
  var replacesValues: Bool { true }

  func replaceValue(head: Int, slot: Int, with row: UnsafePointer<Float>) {
    own(slot / pageTokens)
    let limit: Float = shape.element == .float16 ? 65_504 : .greatestFiniteMagnitude
    let target = value(slot, head: head)
    for channel in 0..<shape.headDim {
      storeElement(min(max(row[channel], -limit), limit), at: target + channel * shape.element.bytes, shape.element)
    }
  }

  // MARK: Reading

  func keyRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    for token in tokens { readKey(token, head: head, into: rows + (token - tokens.lowerBound) * shape.headDim) }
  }

  func valueRows(head: Int, tokens: Range<Int>, into rows: UnsafeMutablePointer<Float>) {
    for token in tokens { readValue(token, head: head, into: rows + (token - tokens.lowerBound) * shape.headDim) }
  }

  private func readKey(_ slot: Int, head: Int, into row: UnsafeMutablePointer<Float>) {
    for channel in 0..<shape.headDim {
      row[channel] = loadElement(key(slot, head: head, channel: channel), shape.element)
    }
  }

  private func readValue(_ slot: Int, head: Int, into row: UnsafeMutablePointer<Float>) {
    let source = value(slot, head: head)
    for channel in 0..<shape.headDim {
      row[channel] = loadElement(source + channel * shape.element.bytes, shape.element)
    }
  }

  func decoded(head: Int) -> (keys: [Float], values: [Float]) {
    decodeRows(
      counts.base[head], shape.headDim, { readKey($0, head: head, into: $1) }, { readValue($0, head: head, into: $1) })
  }

  // MARK: Bytes

  var rangeAlignment: Int { 16 }
  func finishPrefill() { trim() }
  func finishStep() { trim() }

  /// Nothing is packed; but heads have closed up by now, and what they left goes back.
  func packingTasks(_ moment: PackingMoment) -> Int {
    trim()
    return 0
  }

  /// Pages as this sequence's table names them; one that several sequences share counts for each.
  var bytes: ByteCount {
    var total = ByteCount()
    total.payload = (0..<shape.kvHeads).reduce(0) { $0 + 2 * counts.base[$1] * rowBytes }
    total.slack = pages * pool.pageBytes - total.payload
    total.metadata = pages * MemoryLayout<Int32>.size
    return total
  }

  func readBytes(head: Int, tokens: Range<Int>, heads: Int) -> Int { 2 * tokens.count * rowBytes }

  func takePeakBytes() -> Int {
    defer { peakPages = pages }
    return max(bytes.held, peakPages * (pool.pageBytes + MemoryLayout<Int32>.size))
  }

  func storedBits(head: Int) -> [StoredBits] {
    let bits = Double(shape.element.bytes * 8)
    return Array(repeating: StoredBits(key: bits, value: bits), count: count(head: head))
  }
}
