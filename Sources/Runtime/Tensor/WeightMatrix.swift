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

  var placed: PlacedMatrix { PlacedMatrix(self) }

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

/// A matrix as threads see it: addresses, and no reference that all of them would count. The matrix outlives it.
struct PlacedMatrix: BitwiseCopyable {
  private let packed: PackedPanels?
  private let float: FloatPanels?
  let inputs: Int
  let panels: Int

  init(_ matrix: WeightMatrix) {
    switch matrix.storage {
    case .packed(let records, let layout):
      packed = PackedPanels(records: records.base, layout: layout, blocks: matrix.inputs / 32)
      float = nil
    case .float(let elements, let element):
      packed = nil
      float = FloatPanels(elements: elements.base, element: element, width: matrix.inputs)
    }
    (inputs, panels) = (matrix.inputs, matrix.panels)
  }

  /// True if the product takes activations rounded to signed bytes.
  var takesQuantisedRows: Bool { packed != nil }

  /// Pairs of panels, as a kernel takes them; an odd last panel goes alone.
  var pairs: Int { (panels + 1) / 2 }

  /// Multiplies rows by the panels of some pairs; `floats` and `out` begin with the first row.
  func multiply(
    _ rows: QuantisedRows, _ floats: UnsafePointer<Float>, pairs: Range<Int>, _ out: UnsafeMutablePointer<Float>,
    _ outStride: Int, _ kernels: KernelTable
  ) {
    let range = pairs.lowerBound * 2..<min(panels, pairs.upperBound * 2)
    if let packed {
      kernels.multiplyPacked(rows, packed, range, out, outStride)
    } else if let float {
      kernels.multiplyFloat(floats, rows.rows, float, range, out, outStride)
    }
  }
}
