/// A run of a head's tokens as codes with one scale, outliers and a low-rank part: what candidates for outliers are sought
/// in without restoring it, and, with what scale and minimum have moved by, what the codes miss when they are kept.
public struct CodedRun: BitwiseCopyable {
  /// A code, or `exact` where there is an outlier; `doubted` is added where the low-rank part may matter as much as codes.
  public let codes: UnsafePointer<UInt8>  // [tokens, headDim]; 64 behind the last may be read
  public static let exact: UInt8 = 255
  public static let doubted: UInt8 = 128
  /// The exact numbers at the outliers' places.
  public let numbers: UnsafePointer<Float>  // [tokens, headDim]
  public let tokens: Int
  public let headDim: Int
  public let scale: Float
  public let minimum: Float
  /// The largest code, below 127.
  public let levels: UInt8
  /// The low-rank part, in single precision.
  public let q: UnsafePointer<Float>  // [token block, rank, 16]
  public let p: UnsafePointer<Float>  // [rank, headDim]
  public let rank: Int

  public init(
    codes: UnsafePointer<UInt8>, numbers: UnsafePointer<Float>, tokens: Int, headDim: Int, scale: Float, minimum: Float,
    levels: UInt8, q: UnsafePointer<Float>, p: UnsafePointer<Float>, rank: Int
  ) {
    self.codes = codes
    self.numbers = numbers
    self.tokens = tokens
    self.headDim = headDim
    self.scale = scale
    self.minimum = minimum
    self.levels = levels
    self.q = q
    self.p = p
    self.rank = rank
  }
}
