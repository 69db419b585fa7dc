/// The kernels that turn rows of numbers into packed blocks and back.
public struct PackingKernels: Sendable {
  public let packKeys: Pack
  public let unpackKeys: Unpack
  public let packValues: Pack
  public let unpackValues: Unpack
  public let restoreUniform: RestoreUniform
  public let quantiseUniform: QuantiseUniform
  public let keyRows: KeyRows

  public init(
    packKeys: @escaping Pack, unpackKeys: @escaping Unpack, packValues: @escaping Pack,
    unpackValues: @escaping Unpack, restoreUniform: @escaping RestoreUniform,
    quantiseUniform: @escaping QuantiseUniform, keyRows: @escaping KeyRows
  ) {
    self.packKeys = packKeys
    self.unpackKeys = unpackKeys
    self.packValues = packValues
    self.unpackValues = unpackValues
    self.restoreUniform = restoreUniform
    self.quantiseUniform = quantiseUniform
    self.keyRows = keyRows
  }

  /// Codes [16 * blocks, headDim], one a byte and below 2^bits, into blocks of `PackedKeyBlocks` or `PackedValueBlocks`.
  public typealias Pack =
    @Sendable (
      _ rows: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
    ) -> Void

  /// Blocks of `PackedKeyBlocks` or `PackedValueBlocks` to codes [16 * blocks, headDim], one a byte.
  public typealias Unpack =
    @Sendable (
      _ codes: UnsafePointer<UInt8>, _ blocks: Int, _ bits: Int, _ headDim: Int, _ out: UnsafeMutablePointer<UInt8>
    ) -> Void

  /// out = code * scale + minimum; the count is a multiple of 16. Every set gives the same bits.
  public typealias RestoreUniform =
    @Sendable (
      _ codes: UnsafePointer<UInt8>, _ count: Int, _ scale: Float, _ minimum: Float,
      _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// Codes of x [rows, width] = round half even((x - minimum) / scale) within 0...levels, all 0 unless scale > 0, and
  /// errors x - (code * scale + minimum), each times `errorsPerUnit` and rounded within `FixedRows.most`, row by row
  /// `errorStride` apart; NaN has code 0 and error 0. The width is a multiple of 16. Every set gives the same bits.
  public typealias QuantiseUniform =
    @Sendable (
      _ x: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ scale: Float, _ minimum: Float, _ levels: Float,
      _ codes: UnsafeMutablePointer<UInt8>, _ errorsPerUnit: Float, _ errors: UnsafeMutablePointer<Int16>,
      _ errorStride: Int
    ) -> Void

  /// Exact keys [block, headDim, 16] of a range of blocks as rows of floats [16 * blocks, headDim].
  public typealias KeyRows =
    @Sendable (_ keys: ExactRows, _ blocks: Range<Int>, _ out: UnsafeMutablePointer<Float>) -> Void
}
