import Foundation
import KernelABI

/// The attention that future queries are expected to pay, from a Gaussian model of them (sheet expectedattention).
///
/// Its natural logarithm: the same order, and still one where the attention itself would be too small for a number, which
/// a head that looks at few tokens makes of most others.
struct ExpectedAttentionScore: TokenScorer {
  /// Future positions that the rotation is averaged over.
  let future: Int
  let sink: Int
  let covariance: Bool
  /// Whether a token's score is multiplied by the length of its value, `epsilon` added before.
  let valueNorm: Bool
  let epsilon: Float

  var needs: AttentionNeeds { AttentionNeeds(queryMoments: .init(sink: sink, covariance: covariance)) }
  var protection: Protection { Protection(sink: sink) }

  func promptScores(_ view: HeadView, head: Int) -> [Float] {
    let first = view.positions.firstIndex { $0 >= sink } ?? view.count
    guard let layer = view.layer, let moments = layer.queryMoments, let rotary = layer.rotary, first < view.count,
      moments.count > 0
    else { return [Float](repeating: 0, count: view.count) }
    let (shape, width) = (layer.shape, layer.shape.headDim)
    let turn = rotary.meanTurn(of: view.seenTokens..<view.seenTokens + future)
    let keys = Array(view.keys(head: head)[(first * width)...])
    let count = view.count - first
    var shares = [Double](repeating: 0, count: count)
    for groupHead in 0..<shape.groupHeads {
      let queryHead = head * shape.groupHeads + groupHead
      let mean = turn.turned(moments.mean(queryHead))
      let spread = moments.covariance(queryHead).map { turn.turned(square: $0, width: width) }
      let line = Self.exponents(keys, width: width, mean: mean, covariance: spread, layer.kernels)
      let maximum = Double(line.max() ?? 0)
      let weights = line.map { exp(Double($0) - maximum) }
      let share = 1 / (weights.reduce(0, +) * Double(shape.groupHeads))
      for token in 0..<count { shares[token] += weights[token] * share }
    }
    let norms = valueNorm ? RowNorms.norms(Array(view.values(head: head)[(first * width)...]), width: width) : []
    let scores = shares.indices.map { token in
      let share = valueNorm ? (shares[token] + Double(epsilon)) * Double(norms[token]) : shares[token]
      return Float(log(max(share, Double.leastNormalMagnitude)))
    }
    return [Float](repeating: 0, count: first) + scores
  }

  /// k.mean / sqrt(d) + k' covariance k / 2d for every key [tokens, width].
  static func exponents(
    _ keys: [Float], width: Int, mean: [Double], covariance: [Double]?, _ kernels: KernelTable
  ) -> [Float] {
    let count = keys.count / width
    let mean = mean.map { Float($0 / Double(width).squareRoot()) }
    var result = [Float](repeating: 0, count: count)
    keys.withUnsafeBufferPointer { keys in
      guard let base = keys.baseAddress else { return }
      for token in 0..<count { result[token] = RowNorms.dot(base + token * width, mean, width) }
      guard let covariance else { return }
      // A symmetric matrix is its own transpose: its rows are the panel's columns.
      let panels = (width + 15) / 16
      var elements = [Float](repeating: 0, count: panels * width * 16)
      for row in 0..<width {
        for column in 0..<width {
          elements[(row / 16 * width + column) * 16 + row % 16] = Float(covariance[row * width + column])
        }
      }
      let half = 1 / Float(2 * width)
      let tile = 256
      var products = [Float](repeating: 0, count: tile * panels * 16)
      elements.withUnsafeBytes { elements in
        guard let elements = elements.baseAddress else { return }
        let weights = FloatPanels(elements: elements, element: .float32, width: width)
        products.withUnsafeMutableBufferPointer { products in
          guard let product = products.baseAddress else { return }
          for start in stride(from: 0, to: count, by: tile) {
            let rows = min(tile, count - start)
            kernels.multiplyFloat(base + start * width, rows, weights, 0..<panels, product, panels * 16)
            for row in 0..<rows {
              result[start + row] +=
                half * RowNorms.dot(base + (start + row) * width, product + row * panels * 16, width)
            }
          }
        }
      }
    }
    return result
  }
}
