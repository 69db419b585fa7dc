/// Keys of one head before their rotation, as codes of a book with a range and an offset for each channel and exact
/// outliers (sheet kvquant): key = rotation of levels[code] * range + offset.
///
/// A token's rotation is that of its block's base, which queries take back, and of the way from there.
public struct BookKeys {
  public let codes: UnsafePointer<UInt32>  // [block of 16 tokens, headDim / 32, LaneCodes unit], tokens in the lanes
  public let levels: UnsafePointer<Float>  // [32], repeated if there are fewer
  public let ranges: UnsafePointer<Float>  // [headDim]
  public let offsets: UnsafePointer<Float>  // [headDim]
  public let bits: Int
  public let headDim: Int
  public let outliers: BlockOutliers
  public let turns: BlockTurns

  public init(
    codes: UnsafePointer<UInt32>, levels: UnsafePointer<Float>, ranges: UnsafePointer<Float>,
    offsets: UnsafePointer<Float>, bits: Int, headDim: Int, outliers: BlockOutliers, turns: BlockTurns
  ) {
    self.codes = codes
    self.levels = levels
    self.ranges = ranges
    self.offsets = offsets
    self.bits = bits
    self.headDim = headDim
    self.outliers = outliers
    self.turns = turns
  }

  /// Floats of scratch that scoring takes: a block of keys and four queries.
  public static func scratchFloats(headDim: Int) -> Int { (16 + 4) * headDim }
}

/// Exact numbers of blocks of 16 tokens in half precision, in the place of what their codes say.
public struct BlockOutliers {
  public let places: UnsafePointer<UInt16>  // channel * 16 + token
  public let values: UnsafePointer<UInt16>
  public let starts: UnsafePointer<UInt32>  // [blocks + 1]: the first outlier of each block

  public init(places: UnsafePointer<UInt16>, values: UnsafePointer<UInt16>, starts: UnsafePointer<UInt32>) {
    self.places = places
    self.values = values
    self.starts = starts
  }
}

/// Rotary angles of blocks of 16 tokens.
///
/// Pair i of channels is i * pairStep and i * pairStep + pairDistance; channels behind the pairs do not rotate.
public struct BlockTurns {
  public let bases: UnsafePointer<Float>  // [blocks of the range, 2, pairs]: cosines and sines of each block's base
  public let ways: UnsafePointer<Float>  // [blocks of the range or 1, 2, pairs, 16]: from there to each token
  /// Floats from one block's ways to the next's; 0 if they are the same.
  public let wayStride: Int
  public let pairs: Int
  public let pairStep: Int
  public let pairDistance: Int

  public init(
    bases: UnsafePointer<Float>, ways: UnsafePointer<Float>, wayStride: Int, pairs: Int, pairStep: Int,
    pairDistance: Int
  ) {
    self.bases = bases
    self.ways = ways
    self.wayStride = wayStride
    self.pairs = pairs
    self.pairStep = pairStep
    self.pairDistance = pairDistance
  }
}
