/// Keys of one head as signs of random projections (sheet qjl): of all channels but a group's outliers, and of those.
///
/// score = sqrt(pi/2) (sqrt(|k|^2 - |k_out|^2) / m * sum of q_in . S signs + |k_out| / m_out * the same of q_out), where S
/// is the projection and q_out the query's outlier channels. Signs are [block of 16 tokens, 32 projections, 64]: byte
/// 4t + i of 64 holds projection 4f + i of token t for eight consecutive fours f, the first in the lowest bit.
public struct SketchKeys {
  public let signs: UnsafePointer<UInt8>  // [block, sketch / 32, 64]
  public let outlierSigns: UnsafePointer<UInt8>  // [block, outlierSketch / 32, 64]
  public let norms: UnsafePointer<UInt16>  // [block, 16], half precision
  public let outlierNorms: UnsafePointer<UInt16>  // [block, 16], half precision
  public let outlierChannels: UnsafePointer<UInt8>  // [group, outliers]
  public let projection: UnsafePointer<Float>  // [headDim, sketch]
  public let headDim: Int
  /// Projections of a key; a multiple of 32.
  public let sketch: Int
  /// Projections of its outlier channels, the first ones; a multiple of 32.
  public let outlierSketch: Int
  /// Outlier channels of a group.
  public let outliers: Int
  /// Blocks that share outlier channels.
  public let groupBlocks: Int

  public init(
    signs: UnsafePointer<UInt8>, outlierSigns: UnsafePointer<UInt8>, norms: UnsafePointer<UInt16>,
    outlierNorms: UnsafePointer<UInt16>, outlierChannels: UnsafePointer<UInt8>, projection: UnsafePointer<Float>,
    headDim: Int, sketch: Int, outlierSketch: Int, outliers: Int, groupBlocks: Int
  ) {
    self.signs = signs
    self.outlierSigns = outlierSigns
    self.norms = norms
    self.outlierNorms = outlierNorms
    self.outlierChannels = outlierChannels
    self.projection = projection
    self.headDim = headDim
    self.sketch = sketch
    self.outlierSketch = outlierSketch
    self.outliers = outliers
    self.groupBlocks = groupBlocks
  }

  /// Where the sign of a projection lies: the byte and the bit in it.
  @inlinable
  public static func place(token: Int, projection: Int, sketch: Int) -> (byte: Int, bit: Int) {
    (token / 16 * (2 * sketch) + projection / 32 * 64 + token % 16 * 4 + projection % 4, projection % 32 / 4)
  }

  /// Floats of scratch that scoring takes: projected queries, the two parts of one of them, planes, steps and sums.
  public static func scratchFloats(sketch: Int) -> Int { 4 * sketch + 2 * sketch + 4 * sketch + 16 }
}
