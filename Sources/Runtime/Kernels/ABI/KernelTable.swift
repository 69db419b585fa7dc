/// One instruction set's kernels, as plain functions over pointers: what every kernel target exports and the runtime calls.
///
/// All variants give the same integers; their floats may differ in the last bit where one has fused multiply-add.
/// No kernel allocates, and none keeps a pointer. A class, so that handing it on counts one reference and not one a kernel;
/// its parts are structs within it, so that calling a kernel of one counts none that all threads write.
public final class KernelTable: Sendable {
  /// `v4` (AVX-512 + VNNI), `v3` (AVX2) or `base`.
  public let name: String
  public let quantiseRows: QuantiseRows
  public let multiplyPacked: MultiplyPacked
  public let multiplyFloat: MultiplyFloat
  public let normaliseRootMeanSquare: NormaliseRootMeanSquare
  public let gate: Gate
  public let add: Add
  public let addScaled: AddScaled
  public let scale: Scale
  public let keyScores: KeyScores
  public let accumulateValues: AccumulateValues
  public let packedKeyScores: PackedKeyScores
  public let accumulatePackedValues: AccumulatePackedValues
  public let maximum: Maximum
  public let exponentiate: Exponentiate
  public let halfFromFloat: HalfFromFloat
  public let floatFromHalf: FloatFromHalf
  public let packing: PackingKernels
  public let corrections: CorrectionKernels
  public let tensors: TensorKernels
  public let lanes: LaneKernels

  public init(
    name: String, quantiseRows: @escaping QuantiseRows, multiplyPacked: @escaping MultiplyPacked,
    multiplyFloat: @escaping MultiplyFloat, normaliseRootMeanSquare: @escaping NormaliseRootMeanSquare,
    gate: @escaping Gate, add: @escaping Add, addScaled: @escaping AddScaled, scale: @escaping Scale,
    keyScores: @escaping KeyScores,
    accumulateValues: @escaping AccumulateValues, packedKeyScores: @escaping PackedKeyScores,
    accumulatePackedValues: @escaping AccumulatePackedValues, maximum: @escaping Maximum,
    exponentiate: @escaping Exponentiate, halfFromFloat: @escaping HalfFromFloat,
    floatFromHalf: @escaping FloatFromHalf, packing: PackingKernels, corrections: CorrectionKernels,
    tensors: TensorKernels,
    lanes: LaneKernels
  ) {
    self.name = name
    self.quantiseRows = quantiseRows
    self.multiplyPacked = multiplyPacked
    self.multiplyFloat = multiplyFloat
    self.normaliseRootMeanSquare = normaliseRootMeanSquare
    self.gate = gate
    self.add = add
    self.addScaled = addScaled
    self.scale = scale
    self.keyScores = keyScores
    self.accumulateValues = accumulateValues
    self.packedKeyScores = packedKeyScores
    self.accumulatePackedValues = accumulatePackedValues
    self.maximum = maximum
    self.exponentiate = exponentiate
    self.halfFromFloat = halfFromFloat
    self.floatFromHalf = floatFromHalf
    self.packing = packing
    self.corrections = corrections
    self.tensors = tensors
    self.lanes = lanes
  }

  /// Rounds each 32-block of x to signed bytes: codes [rows, width], scales [rows, width / 32]; and sums of the codes of
  /// each half of a block [rows, width / 16].
  public typealias QuantiseRows =
    @Sendable (
      _ x: UnsafePointer<Float>, _ rows: Int, _ width: Int, _ codes: UnsafeMutablePointer<Int8>,
      _ scales: UnsafeMutablePointer<Float>, _ sums: UnsafeMutablePointer<Int32>
    ) -> Void

  /// out[row, 16 p + i] = activation row . weight row, for panels p of the given range.
  public typealias MultiplyPacked =
    @Sendable (
      _ activation: QuantisedRows, _ weights: PackedPanels, _ panels: Range<Int>,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void

  /// The same with float activations x [rows, width] and float weights.
  public typealias MultiplyFloat =
    @Sendable (
      _ x: UnsafePointer<Float>, _ rows: Int, _ weights: FloatPanels, _ panels: Range<Int>,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void

  /// out = x / sqrt(mean(x^2) + epsilon) * weight, row by row; x and out [rows, width].
  public typealias NormaliseRootMeanSquare =
    @Sendable (
      _ x: UnsafePointer<Float>, _ weight: UnsafePointer<Float>, _ epsilon: Float, _ rows: Int, _ width: Int,
      _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// SwiGLU: out = gate * sigmoid(gate) * up, element by element; `out` may be `gate`.
  public typealias Gate =
    @Sendable (
      _ gate: UnsafePointer<Float>, _ up: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// x += y.
  public typealias Add =
    @Sendable (_ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ count: Int) -> Void

  /// x *= factor.
  public typealias Scale = @Sendable (_ x: UnsafeMutablePointer<Float>, _ factor: Float, _ count: Int) -> Void

  /// x += factor * y.
  public typealias AddScaled =
    @Sendable (_ x: UnsafeMutablePointer<Float>, _ y: UnsafePointer<Float>, _ factor: Float, _ count: Int) -> Void

  /// Dot products of query rows [rows, headDim] with blocks of 16 exact keys; out[row * outStride + token].
  ///
  /// Keys are stored [block, headDim, 16 tokens]; the first block of the range writes out[0..<16].
  public typealias KeyScores =
    @Sendable (
      _ keys: ExactRows, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int
    ) -> Void

  /// acc[row, :] += sum over tokens of weights[row * weightStride + token] * values[token, :]; values [token, headDim].
  public typealias AccumulateValues =
    @Sendable (
      _ values: ExactRows, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int, _ rows: Int,
      _ acc: UnsafeMutablePointer<Float>
    ) -> Void

  /// Dot products of query rows [rows, headDim] with blocks of 16 packed keys; out[row * outStride + token].
  ///
  /// The first block of the range writes out[0..<16]. Queries times scales are taken as fixed point of 16 bits, of one step
  /// a row and range, so the dot products are exact sums of integers; `scratch` has `PackedKeyBlocks.scratchBytes`.
  public typealias PackedKeyScores =
    @Sendable (
      _ keys: PackedKeyBlocks, _ blocks: Range<Int>, _ queries: UnsafePointer<Float>, _ rows: Int,
      _ out: UnsafeMutablePointer<Float>, _ outStride: Int, _ scratch: UnsafeMutableRawPointer
    ) -> Void

  /// acc[row, :] += sum over tokens of weights[row * weightStride + token] * values[token, :].
  ///
  /// Tokens begin at a multiple of 32. Weights times scales are taken as fixed point of 16 bits in runs of
  /// `PackedValueBlocks.runTokens` tokens; `scratch` has `PackedValueBlocks.scratchBytes`.
  public typealias AccumulatePackedValues =
    @Sendable (
      _ values: PackedValueBlocks, _ tokens: Range<Int>, _ weights: UnsafePointer<Float>, _ weightStride: Int,
      _ rows: Int, _ acc: UnsafeMutablePointer<Float>, _ scratch: UnsafeMutableRawPointer
    ) -> Void

  /// Largest of x; NaN if one of them is; -infinity if there is none.
  public typealias Maximum = @Sendable (_ x: UnsafePointer<Float>, _ count: Int) -> Float

  /// x = exp(x - maximum) in place; returns the sum.
  public typealias Exponentiate =
    @Sendable (_ x: UnsafeMutablePointer<Float>, _ count: Int, _ maximum: Float) -> Float

  public typealias HalfFromFloat =
    @Sendable (_ x: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<UInt16>) -> Void
  public typealias FloatFromHalf =
    @Sendable (_ x: UnsafePointer<UInt16>, _ count: Int, _ out: UnsafeMutablePointer<Float>) -> Void
}
