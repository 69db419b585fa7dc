import KernelABI

/// A weight matrix [outputs, inputs] repacked once into panels of 16 output rows for the kernels.
public struct WeightMatrix: Sendable {
  enum Storage: Sendable {
    case packed(AlignedBuffer<UInt8>, bits: Int, zero: Int32, hasMinimum: Bool)
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

  /// Bytes of the repacked weights.
  public var bytes: Int {
    switch storage {
    case .packed(let buffer, _, _, _), .float(let buffer, _): buffer.count
    }
  }
}

/// Activations [rows, width] in the forms the products take: floats, and signed bytes made on demand.
struct Activations {
  var floats = GrowingBuffer<Float>()
  private var codes = GrowingBuffer<Int8>()
  private var scales = GrowingBuffer<Float>()
  private var sums = GrowingBuffer<Int32>()

  mutating func reserve(rows: Int, width: Int) {
    floats.reserve(rows * width)
    codes.reserve(rows * width)
    scales.reserve(rows * width / 32)
    sums.reserve(rows * width / 32)
  }

  /// Rounds the first `rows` rows, each on its own, so a row's codes do not depend on the batch.
  func quantise(rows: Int, width: Int, _ kernels: KernelTable, _ pool: WorkerPool) {
    pool.run(over: rows, grain: 8) { range in
      let first = range.lowerBound
      kernels.quantiseRows(
        floats.base + first * width, range.count, width, codes.base + first * width,
        scales.base + first * width / 32, sums.base + first * width / 32)
    }
  }

  func quantised(rows: Int, width: Int) -> QuantisedRows {
    QuantisedRows(codes: codes.base, scales: scales.base, sums: sums.base, rows: rows, blocks: width / 32)
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
  /// Multiplies the first `rows` rows by each matrix of the group in one parallel region.
  func multiply(_ products: [Product], rows: Int, _ kernels: KernelTable, _ pool: WorkerPool) {
    guard let width = products.first?.matrix.inputs, rows > 0 else { return }
    if products.contains(where: \.matrix.takesQuantisedRows) { quantise(rows: rows, width: width, kernels, pool) }
    let quantised = quantised(rows: rows, width: width)
    let total = products.reduce(0) { $0 + $1.matrix.panels }
    pool.run(over: total, grain: 2) { range in
      var first = 0
      for product in products {
        let panels = product.matrix.panels
        let part = range.clamped(to: first..<first + panels)
        if !part.isEmpty {
          product.multiply(quantised, floats.base, rows, part.lowerBound - first..<part.upperBound - first, kernels)
        }
        first += panels
      }
    }
  }
}

extension Product {
  fileprivate func multiply(
    _ quantised: QuantisedRows, _ floats: UnsafePointer<Float>, _ rows: Int, _ panels: Range<Int>,
    _ kernels: KernelTable
  ) {
    switch matrix.storage {
    case .packed(let records, let bits, let zero, let hasMinimum):
      let weights = PackedPanels(
        records: records.base, bits: bits, blocks: matrix.inputs / 32, zero: zero, hasMinimum: hasMinimum)
      kernels.multiplyPacked(quantised, weights, panels, out, outStride)
    case .float(let elements, let element):
      let weights = FloatPanels(elements: elements.base, element: element, width: matrix.inputs)
      kernels.multiplyFloat(floats, rows, weights, panels, out, outStride)
    }
  }
}
