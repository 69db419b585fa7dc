/// Activations rounded to signed bytes in blocks of 32 along the row.
public struct QuantisedRows {
  public let codes: UnsafePointer<Int8>  // [rows, 32 * blocks]
  public let scales: UnsafePointer<Float>  // [rows, blocks]
  public let sums: UnsafePointer<Int32>  // [rows, blocks], sum of the codes of a block
  public let rows: Int
  public let blocks: Int

  public init(
    codes: UnsafePointer<Int8>, scales: UnsafePointer<Float>, sums: UnsafePointer<Int32>, rows: Int, blocks: Int
  ) {
    self.codes = codes
    self.scales = scales
    self.sums = sums
    self.rows = rows
    self.blocks = blocks
  }
}

/// Integer weights in panels of 16 output rows: per panel and 32-block a record of codes, 16 half-precision scales
/// and, if `hasMinimum`, 16 half-precision minima. weight = scale * (code - zero) + minimum.
///
/// Codes of a record are eight steps of four inputs, [step, output row, 4]; with 4 bits two steps share the bytes,
/// the even one in the low nibbles.
public struct PackedPanels {
  public let records: UnsafeRawPointer  // [panels, blocks, recordBytes]
  public let bits: Int  // 4 or 8
  public let blocks: Int
  public let zero: Int32
  public let hasMinimum: Bool

  public init(records: UnsafeRawPointer, bits: Int, blocks: Int, zero: Int32, hasMinimum: Bool) {
    self.records = records
    self.bits = bits
    self.blocks = blocks
    self.zero = zero
    self.hasMinimum = hasMinimum
  }

  public var codeBytes: Int { 64 * bits }
  public var recordBytes: Int { Self.recordBytes(bits: bits, hasMinimum: hasMinimum) }

  public static func recordBytes(bits: Int, hasMinimum: Bool) -> Int { 64 * bits + (hasMinimum ? 64 : 32) }
}

/// Float elements as they lie in memory.
public enum FloatElement: Sendable, Equatable {
  case float32
  case float16
  case bfloat16

  public var bytes: Int { self == .float32 ? 4 : 2 }
}

/// Float weights in panels of 16 output rows, [panels, width, 16].
public struct FloatPanels {
  public let elements: UnsafeRawPointer
  public let element: FloatElement
  public let width: Int

  public init(elements: UnsafeRawPointer, element: FloatElement, width: Int) {
    self.elements = elements
    self.element = element
    self.width = width
  }
}

/// Keys [block, headDim, 16] or values [token, headDim] of one head in half or single precision.
public struct ExactRows {
  public let elements: UnsafeRawPointer
  public let element: FloatElement
  public let headDim: Int

  public init(elements: UnsafeRawPointer, element: FloatElement, headDim: Int) {
    self.elements = elements
    self.element = element
    self.headDim = headDim
  }
}
