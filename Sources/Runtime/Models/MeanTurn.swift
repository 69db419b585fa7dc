/// The mean of rotations by several positions: a turn that also shortens.
struct MeanTurn {
  let cosines: [Double]  // [channels / 2]
  let sines: [Double]
  let pairs: ModelConfiguration.RotaryPairs

  private func indices(_ pair: Int) -> (Int, Int) {
    pairs == .adjacent ? (2 * pair, 2 * pair + 1) : (pair, pair + cosines.count)
  }

  /// A vector [headDim] turned; channels that do not rotate stay.
  func turned(_ vector: [Double]) -> [Double] {
    var result = vector
    for pair in cosines.indices {
      let (first, second) = indices(pair)
      result[first] = vector[first] * cosines[pair] - vector[second] * sines[pair]
      result[second] = vector[first] * sines[pair] + vector[second] * cosines[pair]
    }
    return result
  }

  /// R M R' of a matrix [width, width].
  func turned(square matrix: [Double], width: Int) -> [Double] {
    var result = matrix
    for row in 0..<width {
      result.replaceSubrange(
        row * width..<(row + 1) * width, with: turned(Array(matrix[row * width..<(row + 1) * width])))
    }
    for column in 0..<width {
      let turned = turned((0..<width).map { result[$0 * width + column] })
      for row in 0..<width { result[row * width + column] = turned[row] }
    }
    return result
  }
}

extension RotaryTable {
  /// The mean rotation over a range of positions, what rotated channels are multiplied by included.
  func meanTurn(of positions: Range<Int>) -> MeanTurn {
    var cosines = [Double](repeating: 0, count: channels / 2)
    var sines = cosines
    let share = Double(scale) / Double(max(1, positions.count))
    for position in positions {
      for pair in cosines.indices {
        let (cosine, sine) = angle(pair, at: position)
        cosines[pair] += Double(cosine) * share
        sines[pair] += Double(sine) * share
      }
    }
    return MeanTurn(cosines: cosines, sines: sines, pairs: pairs)
  }
}
