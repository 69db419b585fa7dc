/// What a tensor kernel does to every number.
public enum TensorUnary: Int, CaseIterable, Sendable {
  case negate, absolute, squareRoot, square, reciprocal
  /// e to the power of x, over the whole range of single precision.
  case exponential
  /// The natural logarithm: -infinity of 0, NaN below.
  case logarithm
  /// Half to even.
  case round
  case floor, ceiling
  /// -1, 0 or 1; NaN stays.
  case sign
  /// x times the share of a standard normal distribution below x: the GELU of BERT, with the error function itself.
  case gaussianGate
}

/// What a tensor kernel makes of two numbers.
public enum TensorBinary: Int, CaseIterable, Sendable {
  case add, subtract, multiply, divide
  /// NaN if either is.
  case minimum, maximum
}

/// What a tensor kernel asks of two numbers. Beside NaN nothing holds but `unequal`.
public enum TensorComparison: Int, CaseIterable, Sendable {
  case less, lessEqual, equal
  /// 1 unless equal.
  case unequal
}

/// What a tensor kernel makes of many numbers.
public enum TensorFold: Int, CaseIterable, Sendable {
  case sum, sumOfSquares, sumOfMagnitudes
  /// NaN if one of them is.
  case minimum, maximum
}

/// The kernels under the tensors of the language: any count, any alignment; NaN and infinity as IEEE 754 has them.
///
/// A step is 1 for numbers that lie one behind the other and 0 for one number that serves all. A truth is a byte of 0 or 1.
public struct TensorKernels: Sendable {
  public let unary: Unary
  public let binary: Binary
  public let compare: Compare
  public let select: Select
  public let fold: Fold
  public let widen: Widen
  public let countTruths: CountTruths
  public let roundToCodes: RoundToCodes

  public init(
    unary: @escaping Unary, binary: @escaping Binary, compare: @escaping Compare, select: @escaping Select,
    fold: @escaping Fold, widen: @escaping Widen, countTruths: @escaping CountTruths,
    roundToCodes: @escaping RoundToCodes
  ) {
    self.unary = unary
    self.binary = binary
    self.compare = compare
    self.select = select
    self.fold = fold
    self.widen = widen
    self.countTruths = countTruths
    self.roundToCodes = roundToCodes
  }

  /// out = operation(x); `out` may be x.
  public typealias Unary =
    @Sendable (
      _ operation: TensorUnary, _ x: UnsafePointer<Float>, _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// out = operation(a, b); `out` may be a or b where the step is 1.
  public typealias Binary =
    @Sendable (
      _ operation: TensorBinary, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
      _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// out = whether operation(a, b) holds.
  public typealias Compare =
    @Sendable (
      _ operation: TensorComparison, _ a: UnsafePointer<Float>, _ aStep: Int, _ b: UnsafePointer<Float>, _ bStep: Int,
      _ count: Int, _ out: UnsafeMutablePointer<UInt8>
    ) -> Void

  /// out = a where the condition holds, else b; `out` may be a or b where the step is 1.
  public typealias Select =
    @Sendable (
      _ condition: UnsafePointer<UInt8>, _ conditionStep: Int, _ a: UnsafePointer<Float>, _ aStep: Int,
      _ b: UnsafePointer<Float>, _ bStep: Int, _ count: Int, _ out: UnsafeMutablePointer<Float>
    ) -> Void

  /// Numbers folded into one; sums are of single precision inside blocks of 4,096 and of double beyond.
  ///
  /// Of no numbers the sums are 0, the minimum infinity and the maximum -infinity.
  public typealias Fold = @Sendable (_ operation: TensorFold, _ x: UnsafePointer<Float>, _ count: Int) -> Double

  /// Truths as floats.
  public typealias Widen =
    @Sendable (_ truths: UnsafePointer<UInt8>, _ count: Int, _ out: UnsafeMutablePointer<Float>) -> Void

  /// How many truths are 1.
  public typealias CountTruths = @Sendable (_ truths: UnsafePointer<UInt8>, _ count: Int) -> Int

  /// codes = round((x - least) / scale) from 0 to `most`, half to even; x' = codes * scale + least. 0 for a scale of 0.
  public typealias RoundToCodes =
    @Sendable (
      _ x: UnsafePointer<Float>, _ count: Int, _ least: Float, _ scale: Float, _ most: Float,
      _ codes: UnsafeMutablePointer<Float>, _ restored: UnsafeMutablePointer<Float>
    ) -> Void
}
