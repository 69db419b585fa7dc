import KernelABI

/// The largest and smallest number of each channel of one head's keys, page by page (sheet quest).
///
/// Pages are kept like exact keys of twice the channels, the largest of a channel before its smallest. A query of as many
/// channels, max(q, 0) before min(q, 0), then scores the upper bound sum over channels of max(q * smallest, q * largest):
/// one of the two terms is q times a number, the other adds 0, so a page of one token scores its key's product to the bit.
final class PageBounds {
  private var rows: ExactKeys
  /// The page that is being filled, [2 * headDim].
  private let open: AlignedBuffer<Float>
  private let page: Int
  private let headDim: Int
  private(set) var tokens = 0

  init(page: Int, headDim: Int, element: FloatElement) {
    self.page = page
    self.headDim = headDim
    rows = ExactKeys(headDim: 2 * headDim, element: element)
    open = AlignedBuffer(count: 2 * headDim)
  }

  var pages: Int { rows.count }

  /// Adds keys [tokens, headDim]; a page that is not full yet is bounded by the tokens it has.
  func append(_ keys: UnsafePointer<Float>, stride: Int, tokens added: Int) {
    for token in 0..<added {
      let row = keys + token * stride
      let bounds = open.base
      if tokens % page == 0 {
        for channel in 0..<headDim {
          bounds[2 * channel] = row[channel]
          bounds[2 * channel + 1] = row[channel]
        }
      } else {
        for channel in 0..<headDim {
          bounds[2 * channel] = max(bounds[2 * channel], row[channel])
          bounds[2 * channel + 1] = min(bounds[2 * channel + 1], row[channel])
        }
      }
      tokens += 1
      if tokens % page == 0 || token == added - 1 { writeOpen() }
    }
  }

  private func writeOpen() {
    if rows.count * page >= tokens { rows.removeLast(1) }
    rows.append(open.base, stride: 2 * headDim, tokens: 1)
  }

  func removeAll() {
    rows.removeLast(rows.count)
    tokens = 0
  }

  /// Calls `body` with the bounds of all pages, [query rows, stride]; queries [rows, headDim].
  func scores(
    _ queries: UnsafePointer<Float>, rows count: Int, _ kernels: KernelTable,
    _ body: (_ scores: UnsafeMutablePointer<Float>, _ stride: Int) -> Void
  ) {
    let blocks = (pages + 15) / 16
    let width = 2 * headDim
    withKernelScratch(of: Float.self, capacity: count * (width + blocks * 16)) { area in
      guard let split = area.baseAddress else { return }
      for index in 0..<count * headDim {
        split[2 * index] = max(queries[index], 0)
        split[2 * index + 1] = min(queries[index], 0)
      }
      let scores = split + count * width
      kernels.keyScores(rows.rows, 0..<blocks, split, count, scores, blocks * 16)
      body(scores, blocks * 16)
    }
  }

  /// The bounds of a page, largest and smallest [headDim].
  func bounds(page: Int) -> (largest: [Float], smallest: [Float]) {
    let both = [Float](unsafeUninitializedCapacity: 2 * headDim) { target, initialised in
      if let base = target.baseAddress { rows.read(page, into: base) }
      initialised = 2 * headDim
    }
    return ((0..<headDim).map { both[2 * $0] }, (0..<headDim).map { both[2 * $0 + 1] })
  }

  var bytes: ByteCount {
    var total = ByteCount()
    total.metadata = pages * 2 * headDim * rows.element.bytes
    total.slack = rows.slackBytes
    return total
  }
}
