/// Outliers of one head's values in runs of `runTokens` tokens, four of a channel together.
///
/// A channel of a run begins at a multiple of four; what is missing is filled with the offset, at the run's first place.
public struct OutlierGroups: BitwiseCopyable {
  /// Tokens of a run.
  public static let runTokens = 512
  /// Floats of scratch that attending takes.
  public static func scratchFloats(headDim: Int) -> Int { 16 * headDim + 4 * runTokens }

  /// token * headDim + channel; 16 behind the last may be read, of the values too.
  public let places: UnsafePointer<UInt32>
  public let values: UnsafePointer<UInt16>
  /// Where each run and the one behind the last begin, multiples of four.
  public let starts: UnsafePointer<UInt32>
  public let headDim: Int
  /// Taken off every number: what the codes say of its place.
  public let offset: Float

  public init(
    places: UnsafePointer<UInt32>, values: UnsafePointer<UInt16>, starts: UnsafePointer<UInt32>, headDim: Int,
    offset: Float
  ) {
    self.places = places
    self.values = values
    self.starts = starts
    self.headDim = headDim
    self.offset = offset
  }
}
