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

/// Packed keys of one head: codes of 2, 4 or 8 bits in blocks of 16 tokens, a scale and a minimum per channel and group
/// of blocks. key = code * scale + minimum.
///
/// A block is a run of 64-byte vectors; byte 4t + i of one holds channel 4f + i of token t for 8 / bits consecutive
/// fours f of channels, the first in the lowest bits: what a four-byte dot product takes, 16 tokens in the lanes.
public struct PackedKeyBlocks {
  public let codes: UnsafePointer<UInt8>  // [block, headDim / 4 * bits / 8, 64]
  public let scales: UnsafePointer<UInt16>  // [group, headDim], half precision
  public let minima: UnsafePointer<UInt16>  // [group, headDim], half precision
  public let bits: Int
  public let headDim: Int
  /// Blocks that share scales.
  public let groupBlocks: Int

  public init(
    codes: UnsafePointer<UInt8>, scales: UnsafePointer<UInt16>, minima: UnsafePointer<UInt16>, bits: Int,
    headDim: Int, groupBlocks: Int
  ) {
    self.codes = codes
    self.scales = scales
    self.minima = minima
    self.bits = bits
    self.headDim = headDim
    self.groupBlocks = groupBlocks
  }

  @inlinable public var blockBytes: Int { 2 * headDim * bits }

  /// Where a code lies: the byte within the codes and the shift within the byte.
  @inlinable
  public static func place(token: Int, channel: Int, bits: Int, headDim: Int) -> (byte: Int, shift: Int) {
    let four = channel / 4
    let vector = four * bits / 8
    let byte = token / 16 * (2 * headDim * bits) + vector * 64 + token % 16 * 4 + channel % 4
    return (byte, four * bits % 8)
  }

  /// Bytes of scratch that scoring takes.
  public static func scratchBytes(headDim: Int) -> Int { 2 * 4 * headDim }
}

/// Packed values of one head: codes in blocks of 16 tokens, a scale and a minimum per token and group of channels.
/// value = code * scale + minimum.
///
/// A block holds, for each 16 channels, a run of 64-byte vectors; byte 4c + i of one holds token 4f + i of channel c for
/// 8 / bits consecutive fours f of tokens, the first in the lowest bits.
public struct PackedValueBlocks {
  public let codes: UnsafePointer<UInt8>  // [block, headDim / 16, bits / 2, 64]
  public let scales: UnsafePointer<UInt16>  // [32 tokens, channel group, 32], half precision
  public let minima: UnsafePointer<UInt16>  // [32 tokens, channel group, 32], half precision
  /// Elements from the scales of one 32 tokens to those of the next; 0 if all tokens share the first.
  public let scaleStride: Int
  public let bits: Int
  public let headDim: Int
  public let groupChannels: Int

  public init(
    codes: UnsafePointer<UInt8>, scales: UnsafePointer<UInt16>, minima: UnsafePointer<UInt16>, scaleStride: Int,
    bits: Int, headDim: Int, groupChannels: Int
  ) {
    self.codes = codes
    self.scales = scales
    self.minima = minima
    self.scaleStride = scaleStride
    self.bits = bits
    self.headDim = headDim
    self.groupChannels = groupChannels
  }

  @inlinable public var blockBytes: Int { 2 * headDim * bits }

  /// Where a code lies: the byte within the codes and the shift within the byte.
  @inlinable
  public static func place(token: Int, channel: Int, bits: Int, headDim: Int) -> (byte: Int, shift: Int) {
    let four = token % 16 / 4
    let vector = four * bits / 8
    let byte =
      token / 16 * (2 * headDim * bits) + channel / 16 * (32 * bits) + vector * 64 + channel % 16 * 4 + token % 4
    return (byte, four * bits % 8)
  }

  /// Tokens whose weights share one fixed-point scale.
  @inlinable public static var runTokens: Int { 512 }
  /// Bytes of the planes of 64 channels' groups of at least 16, three rows each.
  @inlinable public static var planeBytes: Int { 4 * 3 * 2 * runTokens }
  /// Bytes of scratch that summing takes.
  public static var scratchBytes: Int { planeBytes + 4 * runTokens }
}
