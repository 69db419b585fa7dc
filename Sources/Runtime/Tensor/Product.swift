import KernelABI

/// One product of a group that shares its input: a matrix, which outlives it, and where its output goes.
struct Product: BitwiseCopyable {
  let matrix: PlacedMatrix
  let out: UnsafeMutablePointer<Float>
  /// Elements from one output row to the next; at least `matrix.panels * 16`.
  let outStride: Int
}

extension PlacedActivations {
  /// Multiplies the first `rows` rows by each matrix of a group in one parallel region; see `WorkerPool.runStoppable`.
  func multiplyStoppable(
    _ first: Product, _ second: Product? = nil, _ third: Product? = nil, rows: Int, _ kernels: KernelTable,
    _ pool: WorkerPool
  ) throws {
    multiply(first, second, third, rows: rows, kernels, pool, isStoppable: true)
    try pool.check()
  }

  /// Multiplies the first `rows` rows by each matrix of a group in one parallel region.
  func multiply(
    _ first: Product, _ second: Product? = nil, _ third: Product? = nil, rows: Int, _ kernels: KernelTable,
    _ pool: WorkerPool, isStoppable: Bool = false
  ) {
    guard rows > 0 else { return }
    let group = ProductGroup(first: first, second: second, third: third)
    let width = first.matrix.inputs
    if group.takesQuantisedRows { quantise(rows: rows, width: width, kernels, pool) }
    // A step has so many products that half a task of waiting at the end of each would count.
    let chunks = max(1, min(group.pairs, pool.threads * (rows < 8 ? 16 : 4)))
    let multiplying = Multiplying(
      group: group, quantised: quantised(rows: rows, width: width), floats: floats, chunks: chunks,
      kernels: Uncounted(kernels), stop: isStoppable ? pool.cancellation.map { Uncounted($0) } : nil)
    pool.run(multiplying.blocks * chunks, multiplying)
  }
}

/// Up to three products whose panels are counted one behind the other.
private struct ProductGroup: BitwiseCopyable {
  let first: Product
  let second: Product?
  let third: Product?

  var pairs: Int { first.matrix.pairs + (second?.matrix.pairs ?? 0) + (third?.matrix.pairs ?? 0) }

  var takesQuantisedRows: Bool {
    first.matrix.takesQuantisedRows || second?.matrix.takesQuantisedRows ?? false
      || third?.matrix.takesQuantisedRows ?? false
  }

  /// Calls `body` with each product that has some of the pairs, and with those that are its own.
  @inline(__always) func each(in pairs: Range<Int>, _ body: (Product, _ own: Range<Int>) -> Void) {
    var start = 0
    func visit(_ product: Product) {
      let own = pairs.clamped(to: start..<start + product.matrix.pairs)
      if !own.isEmpty { body(product, own.lowerBound - start..<own.upperBound - start) }
      start += product.matrix.pairs
    }
    visit(first)
    if let second { visit(second) }
    if let third { visit(third) }
  }
}

/// A task is some pairs of panels for a block of rows.
private struct Multiplying: ParallelWork {
  /// Rows whose codes stay in the second-level cache while the panels stream past.
  private static var blockRows: Int { 256 }

  let group: ProductGroup
  let quantised: QuantisedRows
  let floats: UnsafePointer<Float>
  /// Tasks of a block of rows.
  let chunks: Int
  let kernels: Uncounted<KernelTable>
  /// Ends it before its time, if it is stoppable.
  let stop: Uncounted<Cancellation>?

  var blocks: Int { (quantised.rows + Self.blockRows - 1) / Self.blockRows }

  func run(_ task: Int, _ worker: Int) {
    if let stop, stop.with({ $0.isCancelled }) { return }
    let first = task / chunks * Self.blockRows
    let rows = min(quantised.rows - first, Self.blockRows)
    let part = QuantisedRows(
      lines: quantised.lines + first * quantised.blocks * QuantisedRows.lineBytes, rows: rows, blocks: quantised.blocks)
    let chunk = task % chunks
    kernels.with { kernels in
      group.each(in: group.pairs * chunk / chunks..<group.pairs * (chunk + 1) / chunks) { product, pairs in
        product.matrix.multiply(
          part, floats + first * product.matrix.inputs, pairs: pairs, product.out + first * product.outStride,
          product.outStride, kernels)
      }
    }
  }
}
