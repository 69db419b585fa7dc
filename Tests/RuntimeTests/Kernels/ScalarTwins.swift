import Foundation

@testable import Runtime

/// Each kernel written out plainly over arrays, in double precision: what the vector kernels are compared with.
enum ScalarTwins {
  /// Codes and scales of 32-blocks, and sums of the codes of each half of them: code = round half even(x * (127 / max |x|)).
  static func quantiseRows(_ x: [Float]) -> (codes: [Int8], scales: [Float], sums: [Int32]) {
    var codes: [Int8] = []
    var scales: [Float] = []
    var sums: [Int32] = []
    for first in stride(from: 0, to: x.count, by: 32) {
      let block = x[first..<first + 32]
      let largest = block.reduce(0) { max($0, abs($1)) }
      let inverse: Float = largest > 0 ? 127 / largest : 0
      let rounded = block.map { Int8(($0 * inverse).rounded(.toNearestOrEven)) }
      codes += rounded
      scales.append(largest / 127)
      sums.append(rounded[..<16].reduce(0) { $0 + Int32($1) })
      sums.append(rounded[16...].reduce(0) { $0 + Int32($1) })
    }
    return (codes, scales, sums)
  }

  /// [rows, outputs] from x [rows, inputs] and weights [outputs, inputs].
  static func multiply(_ x: [Double], _ weights: [Double], rows: Int, outputs: Int, inputs: Int) -> [Double] {
    var out: [Double] = []
    for row in 0..<rows {
      for output in 0..<outputs {
        var sum = 0.0
        for i in 0..<inputs { sum += x[row * inputs + i] * weights[output * inputs + i] }
        out.append(sum)
      }
    }
    return out
  }

  static func normalise(_ x: [Float], _ weight: [Float], epsilon: Float, width: Int) -> [Double] {
    stride(from: 0, to: x.count, by: width).flatMap { first -> [Double] in
      let row = x[first..<first + width].map(Double.init)
      let mean = row.reduce(0) { $0 + $1 * $1 } / Double(width)
      return row.indices.map { row[$0] / (mean + Double(epsilon)).squareRoot() * Double(weight[$0]) }
    }
  }

  static func gate(_ gate: [Float], _ up: [Float]) -> [Double] {
    zip(gate, up).map { Double($0) / (1 + exp(-Double($0))) * Double($1) }
  }

  /// Scores [rows, tokens] against keys [tokens, headDim].
  static func keyScores(_ keys: [Double], _ queries: [Float], headDim: Int) -> [Double] {
    multiply(
      queries.map(Double.init), keys, rows: queries.count / headDim, outputs: keys.count / headDim, inputs: headDim)
  }

  /// acc + weights [rows, tokens] times values [tokens, headDim].
  static func accumulate(_ values: [Double], _ weights: [Double], rows: Int, headDim: Int, _ acc: [Float]) -> [Double] {
    let tokens = values.count / headDim
    return acc.indices.map { place in
      let (row, channel) = place.quotientAndRemainder(dividingBy: headDim)
      return (0..<tokens).reduce(Double(acc[place])) {
        $0 + weights[row * tokens + $1] * values[$1 * headDim + channel]
      }
    }
  }

  static func maximum(_ x: [Float]) -> Float {
    x.contains(where: \.isNaN) ? .nan : x.reduce(-.infinity) { $1 > $0 ? $1 : $0 }
  }

  static func exponentiate(_ x: [Float], _ maximum: Float) -> [Double] {
    x.map { exp(Double($0 - maximum)) }
  }
}
