/// Outliers of one head's keys in blocks of 16 tokens, with an entry for each channel of a block that has any.
///
/// Outliers of keys keep to few channels: 7 of the 16 tokens of such a channel on average, of values 2 (SmolLM2-135M at
/// 7,168 tokens, 2 % kept). 16 tokens of a channel are attended together.
public struct OutlierMasks: BitwiseCopyable {
  /// channel << 16 | a bit for each token of the block; block by block, in each by channel.
  public let entries: UnsafePointer<UInt32>
  /// Half precision, in the order of the entries and of their bits; 16 behind the last may be read.
  public let values: UnsafePointer<UInt16>
  /// The first entry and the first value of each block, and of the one behind the last.
  public let starts: UnsafePointer<UInt32>  // [blocks + 1, 2]
  public let headDim: Int
  /// Taken off every number: what the codes say of its place.
  public let offset: Float

  public init(
    entries: UnsafePointer<UInt32>, values: UnsafePointer<UInt16>, starts: UnsafePointer<UInt32>, headDim: Int,
    offset: Float
  ) {
    self.entries = entries
    self.values = values
    self.starts = starts
    self.headDim = headDim
    self.offset = offset
  }

  /// Words of scratch that ordering takes.
  public static func scratchWords(headDim: Int) -> Int { (headDim + 63) / 64 + headDim * 8 + (headDim + 3) / 4 }
}
