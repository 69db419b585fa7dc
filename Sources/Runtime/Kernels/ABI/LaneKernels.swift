/// The kernels over codes that lie in lanes, the rotation that spreads outliers before they are made, and sign sketches.
public struct LaneKernels: Sendable {
  public let hadamard: Hadamard
  public let tokenKeyScores: TokenKeyScores
  public let accumulateTokenValues: AccumulateTokenValues
  public let sketchScores: SketchScores
  public let bookKeyScores: BookKeyScores

  public init(
    hadamard: @escaping Hadamard, tokenKeyScores: @escaping TokenKeyScores,
    accumulateTokenValues: @escaping AccumulateTokenValues, sketchScores: @escaping SketchScores,
    bookKeyScores: @escaping BookKeyScores
  ) {
    self.hadamard = hadamard
    self.tokenKeyScores = tokenKeyScores
    self.accumulateTokenValues = accumulateTokenValues
    self.sketchScores = sketchScores
    self.bookKeyScores = bookKeyScores
  }

  /// Multiplies each run of `block` numbers by the orthonormal Walsh-Hadamard matrix, in place; `block` is a power of two
  /// from 16 on and divides the count. Every set gives the same bits.
  public typealias Hadamard = @Sendable (_ x: UnsafeMutablePointer<Float>, _ count: Int, _ block: Int) -> Void

  /// Dot products of query rows [rows, headDim] with blocks of 16 keys; out[row * outStride + token].
  ///
  /// The first block of the range writes out[0..<16]; `scratch` has `TokenKeys.scratchFloats`.
  public typealias TokenKeyScores =
    @Sendable (
      _ keys: TokenKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void

  /// acc[row, :] += sum over tokens of weights[row * weightStride + token] * values[token, :].
  ///
  /// Tokens begin at a multiple of 32; `scratch` has `TokenValues.scratchFloats`.
  public typealias AccumulateTokenValues =
    @Sendable (
      _ values: TokenValues, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
      _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void

  /// Estimated dot products of query rows [rows, headDim] with blocks of 16 sketched keys; out[row * outStride + token].
  ///
  /// The blocks begin with a group, and the first writes out[0..<16]. Projected queries are taken as fixed point of 16
  /// bits, so that sums over signs are exact; `scratch` has `SketchKeys.scratchFloats`.
  public typealias SketchScores =
    @Sendable (
      _ keys: SketchKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void

  /// Dot products of query rows [rows, headDim] with blocks of 16 keys that were stored before they were turned;
  /// out[row * outStride + token].
  ///
  /// The first block of the range writes out[0..<16]; a block is restored, its outliers are put in, and it is turned, in
  /// `scratch`, which has `BookKeys.scratchFloats`.
  public typealias BookKeyScores =
    @Sendable (
      _ keys: BookKeys, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutablePointer<Float>
    ) -> Void
}

/// How codes of 2, 3, 4, 5 or 8 bits lie 16 lanes at a time: 32 codes a lane in as many 32-bit words as a code has bits.
///
/// The low 2, 4 or 8 bits of the codes fill the first words, the first code in the lowest bits; the last bit of codes of 3
/// or 5 bits has the last word to itself. Words are [word, 16 lanes].
public enum LaneCodes {
  /// Codes a lane in one unit.
  @inlinable public static var unitCodes: Int { 32 }
  /// Bits of a code in the first words.
  @inlinable public static func lowBits(_ bits: Int) -> Int { bits & 14 }
  /// 32-bit words of a unit.
  @inlinable public static func unitWords(_ bits: Int) -> Int { 16 * bits }

  /// Where the low bits and, of odd widths, the last bit of a code lie: words from the unit's first, and shifts.
  @inlinable
  public static func place(index: Int, lane: Int, bits: Int) -> (
    low: (word: Int, shift: Int), last: (word: Int, shift: Int)
  ) {
    let low = lowBits(bits)
    return ((index * low / 32 * 16 + lane, index * low % 32), (low * 16 + lane, index))
  }
}

/// Keys of one head with a scale and a minimum for each token and group of channels:
/// key = levels[code] * scale + minimum; 8-bit codes are their own levels.
public struct TokenKeys {
  public let codes: UnsafePointer<UInt32>  // [block of 16 tokens, headDim / 32, LaneCodes unit], tokens in the lanes
  public let levels: UnsafePointer<Float>  // [32], repeated if there are fewer
  public let scales: UnsafePointer<UInt16>  // [block, channel group, 16], half precision
  public let minima: UnsafePointer<UInt16>  // [block, channel group, 16], half precision
  public let bits: Int
  public let headDim: Int
  /// A multiple of 32 that divides headDim.
  public let groupChannels: Int

  public init(
    codes: UnsafePointer<UInt32>, levels: UnsafePointer<Float>, scales: UnsafePointer<UInt16>,
    minima: UnsafePointer<UInt16>, bits: Int, headDim: Int, groupChannels: Int
  ) {
    self.codes = codes
    self.levels = levels
    self.scales = scales
    self.minima = minima
    self.bits = bits
    self.headDim = headDim
    self.groupChannels = groupChannels
  }

  /// Floats of scratch that scoring takes.
  public static func scratchFloats(headDim: Int) -> Int { 4 * (headDim / 32) }
}

/// Values of one head with a scale and a minimum for each token and group of channels:
/// value = levels[code] * scale + minimum; 8-bit codes are their own levels.
public struct TokenValues {
  public let codes: UnsafePointer<UInt32>  // [32 tokens, headDim / 16, LaneCodes unit], channels in the lanes
  public let levels: UnsafePointer<Float>  // [32], repeated if there are fewer
  public let scales: UnsafePointer<UInt16>  // [32 tokens, channel group, 32], half precision
  public let minima: UnsafePointer<UInt16>  // [32 tokens, channel group, 32], half precision
  public let bits: Int
  public let headDim: Int
  /// A multiple of 32 that divides headDim.
  public let groupChannels: Int

  public init(
    codes: UnsafePointer<UInt32>, levels: UnsafePointer<Float>, scales: UnsafePointer<UInt16>,
    minima: UnsafePointer<UInt16>, bits: Int, headDim: Int, groupChannels: Int
  ) {
    self.codes = codes
    self.levels = levels
    self.scales = scales
    self.minima = minima
    self.bits = bits
    self.headDim = headDim
    self.groupChannels = groupChannels
  }

  /// Tokens that are summed in registers before they are added to what is there.
  @inlinable public static var runTokens: Int { 512 }
  /// Floats of scratch that summing takes.
  public static var scratchFloats: Int { 3 * runTokens }
}
