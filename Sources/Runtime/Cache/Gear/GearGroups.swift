import KernelABI

/// The settings of GEAR's variant B.
public struct GearGroupSettings: Equatable, Sendable {
  public let bits: Int
  /// Fraction of each vector kept exactly, half from each end.
  public let outlier: Double
  /// Rank of the prompt's low-rank part, per head.
  public let rank: Int
  /// Rank of later blocks'.
  public let rankDecode: Int
  public let loops: Int
  /// Tokens of a block after the prompt's; a multiple of `group`.
  public let interval: Int
  public let group: Int
  public let seed: Int

  public init(
    bits: Int, outlier: Double, rank: Int, rankDecode: Int, loops: Int, interval: Int, group: Int, seed: Int
  ) {
    self.bits = bits
    self.outlier = outlier
    self.rank = rank
    self.rankDecode = rankDecode
    self.loops = loops
    self.interval = interval
    self.group = group
    self.seed = seed
  }

  /// Outliers of a vector of the given length at each end: a channel's tokens for keys, a token's channels for values.
  public func outliersPerEnd(length: Int) -> Int { Int(Double(length) * outlier / 2) }
}

/// The vectors of a matrix that GEAR's variant B looks for outliers in.
public struct VectorLayout: Equatable, Sendable {
  public let vectors: Int
  public let length: Int
  /// Elements from one vector to the next.
  public let vectorStride: Int
  /// Elements from one number of a vector to the next.
  public let stride: Int

  /// The columns of a row-major matrix [rows, columns]: a key channel over its tokens.
  public static func columns(rows: Int, columns: Int) -> VectorLayout {
    VectorLayout(vectors: columns, length: rows, vectorStride: 1, stride: columns)
  }

  /// The rows of a row-major matrix [rows, columns]: a token's value channels.
  public static func rows(rows: Int, columns: Int) -> VectorLayout {
    VectorLayout(vectors: rows, length: columns, vectorStride: columns, stride: 1)
  }
}

extension Tails {
  /// Replaces both tails of each vector by the vector's mean, so that they do not stretch its groups.
  ///
  /// - Returns: the places that were replaced, ascending in the matrix.
  public static func replaceByMean(_ numbers: inout [Float], _ layout: VectorLayout, perEnd: Int) -> [Int] {
    replaceByMean(&numbers, layout, perEnd: perEnd, InstructionSet.base.table)
  }

  static func replaceByMean(
    _ numbers: inout [Float], _ layout: VectorLayout, perEnd: Int, _ kernels: KernelTable
  ) -> [Int] {
    guard perEnd > 0 else { return [] }
    var replaced: [Int] = []
    var vector = [Float](repeating: 0, count: layout.length)
    for index in 0..<layout.vectors {
      let first = index * layout.vectorStride
      var sum = 0.0
      for i in 0..<layout.length {
        vector[i] = numbers[first + i * layout.stride]
        sum += Double(vector[i])
      }
      let mean = Float(sum / Double(max(1, layout.length)))
      for i in vector.withUnsafeBufferPointer({ places($0, perEnd: perEnd, kernels) }) {
        numbers[first + i * layout.stride] = mean
        replaced.append(first + i * layout.stride)
      }
    }
    replaced.sort()
    return replaced
  }
}
