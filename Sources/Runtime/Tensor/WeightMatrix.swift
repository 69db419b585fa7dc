import KernelABI

/// A weight matrix [outputs, inputs] repacked once into panels of 16 output rows for the kernels.
public struct WeightMatrix: Sendable {
  enum Storage: Sendable {
    case packed(AlignedBuffer<UInt8>, PackedLayout)
    case float(AlignedBuffer<UInt8>, FloatElement)
  }

  let storage: Storage
  public let outputs: Int
  public let inputs: Int

  var panels: Int { (outputs + 15) / 16 }

  /// True if the product takes activations rounded to signed bytes.
  var takesQuantisedRows: Bool {
    if case .packed = storage { true } else { false }
  }

  /// Writes one row [inputs] as floats, for instance the embedding of a token; rows outside the matrix are zero.
  func copyRow(_ row: Int, into target: UnsafeMutablePointer<Float>) {
    guard row >= 0, row < outputs else {
      target.update(repeating: 0, count: inputs)
      return
    }
    let lane = row % 16
    switch storage {
    case .float(let elements, let element):
      let base = UnsafeRawPointer(elements.base) + row / 16 * inputs * 16 * element.bytes
      for input in 0..<inputs {
        let place = base + (input * 16 + lane) * element.bytes
        target[input] =
          switch element {
          case .float32: place.load(as: Float.self)
          case .float16: Half.float(place.load(as: UInt16.self))
          case .bfloat16: Float(bitPattern: UInt32(place.load(as: UInt16.self)) << 16)
          }
      }
    case .packed(let records, let layout):
      let blocks = inputs / 32
      for block in 0..<blocks {
        PackedRecord(records.base, panel: row / 16, block: block, blocks: blocks, layout: layout)
          .copy(lane: lane, into: target + block * 32)
      }
    }
  }

  /// Where the repacked weights lie: equal for matrices that share them.
  var address: UnsafeRawPointer {
    switch storage {
    case .packed(let buffer, _), .float(let buffer, _): UnsafeRawPointer(buffer.base)
    }
  }

  /// Bytes of the repacked weights.
  public var bytes: Int {
    switch storage {
    case .packed(let buffer, _), .float(let buffer, _): buffer.count
    }
  }
}

/// One product of a group that shares its input: a matrix and where its output goes.
struct Product {
  let matrix: WeightMatrix
  let out: UnsafeMutablePointer<Float>
  /// Elements from one output row to the next; at least `matrix.panels * 16`.
  let outStride: Int
}

extension Activations {
  /// Multiplies the first `rows` rows by each matrix of the group in one parallel region; see `WorkerPool.runStoppable`.
  func multiplyStoppable(_ products: [Product], rows: Int, _ kernels: KernelTable, _ pool: WorkerPool) throws {
    multiply(products, rows: rows, kernels, pool, isStoppable: true)
    try pool.check()
  }

  /// Multiplies the first `rows` rows by each matrix of the group in one parallel region.
  func multiply(
    _ products: [Product], rows: Int, _ kernels: KernelTable, _ pool: WorkerPool, isStoppable: Bool = false
  ) {
    guard let width = products.first?.matrix.inputs, rows > 0 else { return }
    if products.contains(where: \.matrix.takesQuantisedRows) { quantise(rows: rows, width: width, kernels, pool) }
    let quantised = quantised(rows: rows, width: width)
    // Panels go in twos, as a kernel takes them; an odd last one of a matrix goes alone.
    let total = products.reduce(0) { $0 + ($1.matrix.panels + 1) / 2 }
    // Blocks of rows whose codes stay in the second-level cache while the panels stream past.
    let blockRows = 256
    let blocks = (rows + blockRows - 1) / blockRows
    // A step has so many products that half a task of waiting at the end of each would count.
    let chunks = max(1, min(total, pool.threads * (rows < 8 ? 16 : 4)))
    let stop = isStoppable ? pool.cancellation : nil
    let floats = UnsafePointer(floats.base)
    withUnsafeTemporaryAllocation(of: PlacedProduct.self, capacity: products.count) { placed in
      guard let list = placed.baseAddress else { return }
      var start = 0
      for (index, product) in products.enumerated() {
        list[index] = PlacedProduct(product, firstPair: start)
        start += (product.matrix.panels + 1) / 2
      }
      pool.run(blocks * chunks) { task in
        if let stop, stop.isCancelled { return }
        let first = task / chunks * blockRows
        let range = total * (task % chunks) / chunks..<total * (task % chunks + 1) / chunks
        for index in 0..<products.count {
          list[index].multiply(quantised, floats, first..<min(rows, first + blockRows), pairs: range, kernels)
        }
      }
    }
    withExtendedLifetime(products) {}
  }
}

/// A product as threads see it: addresses, and no reference that all of them would count.
private struct PlacedProduct: BitwiseCopyable {
  private let packed: PackedPanels?
  private let float: FloatPanels?
  private let out: UnsafeMutablePointer<Float>
  private let outStride: Int
  private let inputs: Int
  private let panels: Int
  /// Pairs of panels that the products before it have.
  private let firstPair: Int

  init(_ product: Product, firstPair: Int) {
    let matrix = product.matrix
    switch matrix.storage {
    case .packed(let records, let layout):
      packed = PackedPanels(records: records.base, layout: layout, blocks: matrix.inputs / 32)
      float = nil
    case .float(let elements, let element):
      packed = nil
      float = FloatPanels(elements: elements.base, element: element, width: matrix.inputs)
    }
    (out, outStride) = (product.out, product.outStride)
    (inputs, panels) = (matrix.inputs, matrix.panels)
    self.firstPair = firstPair
  }

  /// Multiplies rows by those of the given pairs of panels, counted over all products, that are its own.
  func multiply(
    _ quantised: QuantisedRows, _ floats: UnsafePointer<Float>, _ rows: Range<Int>, pairs: Range<Int>,
    _ kernels: KernelTable
  ) {
    let pairs = pairs.clamped(to: firstPair..<firstPair + (panels + 1) / 2)
    if pairs.isEmpty { return }
    let range = (pairs.lowerBound - firstPair) * 2..<min(panels, (pairs.upperBound - firstPair) * 2)
    let first = rows.lowerBound
    let out = out + first * outStride
    if let packed {
      let part = QuantisedRows(
        lines: quantised.lines + first * quantised.blocks * QuantisedRows.lineBytes, rows: rows.count,
        blocks: quantised.blocks)
      kernels.multiplyPacked(part, packed, range, out, outStride)
    } else if let float {
      kernels.multiplyFloat(floats + first * inputs, rows.count, float, range, out, outStride)
    }
  }
}
