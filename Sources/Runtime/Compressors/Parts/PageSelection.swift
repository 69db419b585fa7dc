import KernelABI

/// Reads the pages of tokens whose keys may score highest (sheet quest): an upper bound per page from the smallest and
/// largest number of each channel of its keys.
struct PageSelection: Selector {
  /// Tokens each query row reads; a share is of the tokens held.
  let budget: Budget
  let page: Int
  /// First layers that read everything.
  let skip: Int
  /// Whether the newest page is always read.
  let pinsLast: Bool
  /// One list of pages per query head, or one per KV head from the largest bound of its query heads.
  let isPerQueryHead: Bool

  /// Pages that are read however small the budget is.
  static let fewestPages = 3

  func check(shape: CacheShape) throws {
    let layers = (0..<shape.layers).filter { selects(layer: $0, shape) }
    guard layers.isEmpty else { return }
    throw RuntimeProblem(
      "K305", seen: "quest: skip=\(skip) leaves no layer of \(shape.layers) to select in",
      expected: "a layer behind the first \(skip) that attends to all tokens", suggestion: "use skip=0")
  }

  /// Layers with a sliding window read that window as they always do.
  private func selects(layer: Int, _ shape: CacheShape) -> Bool {
    layer >= skip && (layer >= shape.windows.count || shape.windows[layer] == nil)
  }

  func makeState(shape: CacheShape, layer: Int, kernels: KernelTable) -> (any SelectState)? {
    selects(layer: layer, shape) ? State(self, shape, kernels) : nil
  }

  func mostMetadataBytes(tokens: Int, shape: CacheShape) -> Int {
    ((tokens + page - 1) / page + 15) / 16 * 16 * 2 * shape.headDim * shape.element.bytes * shape.kvHeads
  }

  /// Pages that a row reads of `tokens` tokens; all of them if the budget covers every token.
  func pages(tokens: Int, shape: CacheShape) -> Int {
    let all = (tokens + page - 1) / page
    let budget = budget.tokens(prompt: tokens, shape: shape)
    return budget >= tokens ? all : min(all, max(Self.fewestPages, budget / page))
  }

  private final class State: SelectState {
    private let policy: PageSelection
    private let shape: CacheShape
    private let kernels: KernelTable
    private let heads: [PageBounds]

    init(_ policy: PageSelection, _ shape: CacheShape, _ kernels: KernelTable) {
      self.policy = policy
      self.shape = shape
      self.kernels = kernels
      heads = (0..<shape.kvHeads).map { _ in
        PageBounds(page: policy.page, headDim: shape.headDim, element: shape.element)
      }
    }

    func append(head: Int, keys: UnsafePointer<Float>, stride: Int, tokens: Int) {
      heads[head].append(keys, stride: stride, tokens: tokens)
    }

    func finishPrefill(head: Int, store: any LayerStore, slotsMoved: Bool) {
      guard slotsMoved else { return }
      heads[head].removeAll()
      let count = store.count(head: head)
      let kept = [Float](unsafeUninitializedCapacity: count * shape.headDim) { rows, initialised in
        if let base = rows.baseAddress { store.keyRows(head: head, tokens: 0..<count, into: base) }
        initialised = count * shape.headDim
      }
      heads[head].append(kept, stride: shape.headDim, tokens: count)
    }

    func select(head: Int, queries: UnsafePointer<Float>, into selection: SlotSelection) -> Int? {
      let bounds = heads[head]
      let wanted = policy.pages(tokens: selection.tokens, shape: shape)
      guard wanted < bounds.pages else { return nil }
      bounds.scores(queries, rows: selection.rows, kernels) { scores, stride in
        if !policy.isPerQueryHead {
          for row in 1..<max(1, selection.rows) {
            for page in 0..<bounds.pages { scores[page] = max(scores[page], scores[row * stride + page]) }
          }
        }
        for row in 0..<(policy.isPerQueryHead ? selection.rows : 1) {
          choose(scores + row * stride, bounds.pages, wanted) { page in
            let slots = page * policy.page..<(page + 1) * policy.page
            if policy.isPerQueryHead { selection.insert(slots, row: row) } else { selection.insert(slots) }
          }
        }
      }
      return bounds.bytes.metadata
    }

    /// Calls `body` with the `wanted` best pages, ascending; of equal ones the first.
    private func choose(_ scores: UnsafePointer<Float>, _ pages: Int, _ wanted: Int, _ body: (Int) -> Void) {
      let candidates = policy.pinsLast ? pages - 1 : pages
      let count = policy.pinsLast ? wanted - 1 : wanted
      withKernelScratch(of: UInt32.self, capacity: candidates) { keys in
        guard let keys = keys.baseAddress else { return }
        kernels.corrections.orderKeys(scores, candidates, keys)
        let least = kernels.corrections.orderStatistic(keys, candidates, candidates - count, keys[0])
        var ties = count - (candidates - kernels.corrections.countAtMost(keys, candidates, least))
        for page in 0..<candidates {
          if keys[page] > least {
            body(page)
          } else if keys[page] == least, ties > 0 {
            ties -= 1
            body(page)
          }
        }
      }
      if policy.pinsLast { body(pages - 1) }
    }

    var bytes: ByteCount { heads.reduce(ByteCount()) { $0 + $1.bytes } }
  }
}
