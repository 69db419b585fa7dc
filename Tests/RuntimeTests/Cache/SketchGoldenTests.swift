import Foundation
import KernelABI
import Testing

@testable import Runtime

/// Sign codes of QJL's own code and scores by its formula: golden/06_quant.py, or the part of them in Fixtures.
struct SketchGoldenTests {
  static let sources = QuantGoldenTests.sources.filter { $0.bits == 2 }

  @Test("outlier channels, signs and scores from its projection", arguments: sources)
  func signsAndScores(_ source: QuantGoldenTests.Source) throws {
    let tensors = try QuantGoldenTests.Tensors(source)
    let matrix = try tensors.floats("qjl.projection")
    let channels = try tensors.codes("qjl.outlier_channels")
    let inner = try tensors.codes("qjl.hash_inlier")
    let outer = try tensors.codes("qjl.hash_outlier")
    let golden = try tensors.floats("qjl.score")
    let heads = try tensors.heads("qjl.outlier_channels")
    let keys = try tensors.floats("k")
    let queries = try tensors.floats("q")
    let projection = SketchProjection(matrix, headDim: 64, sketch: 256)
    let tokens = channels.count / heads / 8 * 32
    let all = keys.count / heads / 64
    for head in 0..<heads {
      let rows = Array(keys[head * all * 64..<(head * all + tokens) * 64])
      var isOutlier = [Bool](repeating: false, count: tokens / 32 * 64)
      for group in 0..<tokens / 32 {
        let found = SketchedKeys.outlierChannels(
          Array(rows[group * 32 * 64..<(group + 1) * 32 * 64]), tokens: 32, headDim: 64, count: 8)
        let first = (head * tokens / 32 + group) * 8
        #expect(found == channels[first..<first + 8].map { Int($0) }.sorted())
        for channel in found { isOutlier[group * 64 + channel] = true }
      }
      for set in InstructionSet.available {
        let sketched = SketchStoreTests.sketched(rows, projection, outliers: 8, outlierSketch: 128, set)
        for token in 0..<tokens {
          for (isOuter, length, bytes) in [(false, 256, inner), (true, 128, outer)] {
            for index in 0..<length {
              let byte = (head * tokens + token) * length / 8 + index / 8
              let sign = bytes[byte] >> Int64(index % 8) & 1 == 1
              guard sketched.isPositive(token, index, ofOutliers: isOuter) != sign else { continue }
              // Signs differ only where the projection is zero but for rounding.
              let sum = (0..<64).reduce(0.0) {
                isOutlier[token / 32 * 64 + $1] == isOuter
                  ? $0 + Double(rows[token * 64 + $1]) * Double(matrix[$1 * 256 + index]) : $0
              }
              #expect(abs(sum) < 1e-4)
            }
          }
        }
        let scores = SketchStoreTests.scores(sketched, Array(queries[head * 192..<(head + 1) * 192]), set)
        let expected = golden[head * 3 * tokens..<(head + 1) * 3 * tokens]
        // Norms are kept in half precision here.
        let largest = expected.reduce(0) { max($0, abs($1)) }
        #expect(zip(scores, expected).allSatisfy { abs($0 - $1) < 2e-3 * largest })
      }
    }
  }
}
