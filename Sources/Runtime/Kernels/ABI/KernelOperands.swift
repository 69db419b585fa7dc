/// Activations rounded to signed bytes in blocks of 32 along the row, a cache line a block.
///
/// A line is the 32 codes and then, as 32-bit words, what a product needs of the block beside them: its scale; scale
/// times the sum of all, the first 16 and the last 16 codes; -128 times those three sums as integers; a zero.
public struct QuantisedRows: BitwiseCopyable {
  public let lines: UnsafeRawPointer  // [rows, blocks, lineBytes]
  public let rows: Int
  public let blocks: Int

  public static let lineBytes = 64

  public init(lines: UnsafeRawPointer, rows: Int, blocks: Int) {
    self.lines = lines
    self.rows = rows
    self.blocks = blocks
  }
}

/// How the integer weights of a panel are laid out: weight = scale * (code - 128) / 2^shift, or
/// scale * code + minimum if it has minima.
///
/// A record holds 16 output rows x 32 inputs: codes, then for each part of the block 16 scales, then as many minima.
/// Codes are eight steps of four inputs, [step, output row, 4]; with half a byte a code two steps share the bytes, the
/// even one in the low halves. Scales are half precision; or signed bytes, to be multiplied by one half-precision
/// number for 8 blocks (and the minima by another), which lies in front of the 8 records: the product of both is
/// exact in single precision, which a scale rounded to half precision would not be, and takes half the space.
///
/// Panels lie in twos, record beside record and header beside header, so that a product of two reads one stream.
public struct PackedLayout: Sendable, Equatable, BitwiseCopyable {
  public enum Codes: Sendable, Equatable, BitwiseCopyable {
    /// Half a byte: the code itself beside minima, 16 times it without.
    case nibbles
    /// Half a byte, an index into `kv_non_linear_codes`.
    case nonLinear
    case bytes
  }

  public let codes: Codes
  /// Scales of a block of 32: 1, or 2 for one every 16 inputs.
  public let parts: Int
  public let hasMinimum: Bool
  /// Whether scales are bytes under a header every 8 blocks.
  public let hasHeaders: Bool
  /// How far a code has been shifted to make its zero 128; 0 with minima.
  public let shift: Int

  public init(_ codes: Codes, parts: Int = 1, hasMinimum: Bool, hasHeaders: Bool = false, shift: Int = 0) {
    self.codes = codes
    self.parts = parts
    self.hasMinimum = hasMinimum
    self.hasHeaders = hasHeaders
    self.shift = shift
  }

  public var codeBytes: Int { codes == .bytes ? 512 : 256 }
  public var scaleBytes: Int { hasHeaders ? 16 : 32 }
  public var recordBytes: Int { codeBytes + parts * scaleBytes * (hasMinimum ? 2 : 1) }
  public var headerBytes: Int { hasHeaders ? (hasMinimum ? 64 : 32) : 0 }

  /// Bytes of two panels; with headers, `blocks` is a multiple of 8.
  public func pairBytes(blocks: Int) -> Int { 2 * (blocks * recordBytes + blocks / 8 * headerBytes) }

  /// Where the record of a panel's block starts.
  public func recordOffset(panel: Int, block: Int, blocks: Int) -> Int {
    panel / 2 * pairBytes(blocks: blocks) + (2 * block + panel % 2) * recordBytes + (block / 8 + 1) * 2 * headerBytes
  }

  /// Where the header above a panel's block starts.
  public func headerOffset(panel: Int, block: Int, blocks: Int) -> Int {
    panel / 2 * pairBytes(blocks: blocks) + block / 8 * 2 * (8 * recordBytes + headerBytes) + panel % 2 * headerBytes
  }
}

/// Integer weights in panels of 16 output rows.
public struct PackedPanels: BitwiseCopyable {
  public let records: UnsafeRawPointer  // [(panels + 1) / 2, layout.pairBytes]
  public let layout: PackedLayout
  public let blocks: Int

  public init(records: UnsafeRawPointer, layout: PackedLayout, blocks: Int) {
    self.records = records
    self.layout = layout
    self.blocks = blocks
  }
}

/// Float elements as they lie in memory.
public enum FloatElement: Sendable, Equatable, BitwiseCopyable {
  case float32
  case float16
  case bfloat16

  public var bytes: Int { self == .float32 ? 4 : 2 }
}

/// Float weights in panels of 16 output rows, [panels, width, 16].
public struct FloatPanels: BitwiseCopyable {
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
public struct ExactRows: BitwiseCopyable {
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
public struct PackedKeyBlocks: BitwiseCopyable {
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

  /// Bytes of scratch that scoring takes: the planes of four rows, and their queries in units of their steps.
  public static func scratchBytes(headDim: Int) -> Int { 4 * (2 + 4) * headDim }
}

/// Packed values of one head: codes in blocks of 16 tokens, a scale and a minimum per token and group of channels.
/// value = code * scale + minimum.
///
/// A block holds, for each 16 channels, a run of 64-byte vectors; byte 4c + i of one holds token 4f + i of channel c for
/// 8 / bits consecutive fours f of tokens, the first in the lowest bits.
public struct PackedValueBlocks: BitwiseCopyable {
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
    let byte = token / 16 * (2 * headDim * bits) + vector * 64 + token % 4 + offset(channel: channel, bits: bits)
    return (byte, four * bits % 8)
  }

  /// Bytes from a token's first code to that of a channel.
  @inlinable public static func offset(channel: Int, bits: Int) -> Int {
    channel / 16 * (32 * bits) + channel % 16 * 4
  }

  /// Tokens whose weights share one fixed-point scale.
  @inlinable public static var runTokens: Int { 512 }
  /// Bytes of the planes of 64 channels' groups of at least 16, three rows each.
  @inlinable public static var planeBytes: Int { 4 * 3 * 2 * runTokens }
  /// Bytes of scratch that summing takes: planes, and three rows of products before they become planes.
  public static var scratchBytes: Int { planeBytes + 3 * 4 * runTokens }
}
