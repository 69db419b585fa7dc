import Foundation

extension ForwardPass {
  /// Negative natural-log probabilities of the tokens behind some rows of the last pass.
  func losses(rows: [Int], next: [Int32]) -> [Double] {
    let logits = UnsafeMutablePointer(mutating: logits(rows: rows))
    let vocabulary = model.configuration.vocabulary
    var losses = [Double](repeating: 0, count: rows.count)
    losses.withUnsafeMutableBufferPointer { losses in
      let target = losses.baseAddress
      pool.run(rows.count) { index in
        let line = logits + index * logitStride
        let own = line[Int(next[index])]
        let maximum = kernels.maximum(line, vocabulary)
        let sum = kernels.exponentiate(line, vocabulary, maximum)
        target?[index] = log(Double(sum)) - (Double(own) - Double(maximum))
      }
    }
    return losses
  }
}
