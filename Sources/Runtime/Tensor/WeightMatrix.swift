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
    case .packed(let records, let bits, let zero, let hasMinimum):
      let recordBytes = PackedPanels.recordBytes(bits: bits, hasMinimum: hasMinimum)
      for block in 0..<inputs / 32 {
        let record = UnsafeRawPointer(records.base) + (row / 16 * (inputs / 32) + block) * recordBytes
        let scales = (record + 64 * bits).assumingMemoryBound(to: UInt16.self)
        let scale = Half.float(scales[lane])
        let minimum = hasMinimum ? Half.float(scales[16 + lane]) : 0
        for index in 0..<32 {
          let step = index / 4
          let byte = (record + (bits == 4 ? step / 2 : step) * 64 + lane * 4 + index % 4).load(as: UInt8.self)
          let code = bits == 8 ? byte : step % 2 == 0 ? byte & 15 : byte >> 4
          target[block * 32 + index] = scale * Float(Int32(code) - zero) + minimum
        }
      }
    }
  }

  /// Where the repacked weights lie: equal for matrices that share them.
  var address: UnsafeRawPointer {
    switch storage {
    case .packed(let buffer, _, _, _), .float(let buffer, _): UnsafeRawPointer(buffer.base)
    }
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
    // Blocks of rows whose codes stay in the second-level cache while the panels stream past.
    let blockRows = 256
    let blocks = (rows + blockRows - 1) / blockRows
    let chunks = max(1, min(total / 2, pool.threads * 4))
    pool.run(blocks * chunks) { task in
      let first = task / chunks * blockRows
      let range = total * (task % chunks) / chunks..<total * (task % chunks + 1) / chunks
      var start = 0
      for product in products {
        let panels = product.matrix.panels
        let part = range.clamped(to: start..<start + panels)
        if !part.isEmpty {
          product.multiply(
            quantised, floats.base, first..<min(rows, first + blockRows),
            part.lowerBound - start..<part.upperBound - start, kernels)
        }
        start += panels
      }
    }
  }
}

extension Product {
  fileprivate func multiply(
    _ quantised: QuantisedRows, _ floats: UnsafePointer<Float>, _ rows: Range<Int>, _ panels: Range<Int>,
    _ kernels: KernelTable
  ) {
    let first = rows.lowerBound
    let out = out + first * outStride
    switch matrix.storage {
    case .packed(let records, let bits, let zero, let hasMinimum):
      let weights = PackedPanels(
        records: records.base, bits: bits, blocks: matrix.inputs / 32, zero: zero, hasMinimum: hasMinimum)
      let part = QuantisedRows(
        codes: quantised.codes + first * matrix.inputs, scales: quantised.scales + first * quantised.blocks,
        sums: quantised.sums + first * quantised.blocks, rows: rows.count, blocks: quantised.blocks)
      kernels.multiplyPacked(part, weights, panels, out, outStride)
    case .float(let elements, let element):
      let weights = FloatPanels(elements: elements.base, element: element, width: matrix.inputs)
      kernels.multiplyFloat(floats + first * matrix.inputs, rows.count, weights, panels, out, outStride)
    }
  }
}
