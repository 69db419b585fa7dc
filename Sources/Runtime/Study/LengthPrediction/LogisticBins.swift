import Dispatch
import Foundation
import Synchronization

/// Ten bins of lengths, and a multinomial logistic regression of which one a request falls into.
///
/// Predicts the 1/L-weighted median of the mixture of the bins' training lengths: the point of the least expected relative
/// error. Source: the sheet `length-predictor`, item 3 (the paper's "BERT-based classifier").
public struct LogisticBins: Codable, Equatable, Sendable {
  static let bins = 10
  static let lambdas = [1.0, 10, 100, 1000]
  private static let steps = 120

  let standardisation: Standardisation
  /// // [bins][features]
  let weights: [[Double]]
  let intercepts: [Double]
  let lambda: Double
  /// Training lengths of each bin, ascending. // [bins]
  let lengths: [[Double]]

  /// Bins of equal frequency, then the penalty of the least relative error by cross-validation, then the whole.
  ///
  /// - Throws: `RuntimeProblem` K654 if a fold leaves nothing to train on.
  static func train(_ rows: FeatureRows, _ lengths: [Double], folds: [Int]) throws -> LogisticBins {
    let tasks = (0...(folds.max() ?? 0)).flatMap { fold in lambdas.indices.map { (fold: fold, lambda: $0) } }
    guard Set(folds).count > 1 else {
      throw RuntimeProblem(LengthPredictionProblems.tooFewRows, seen: "a fold without a request to train on")
    }
    let found = Mutex([Double](repeating: 0, count: tasks.count))
    DispatchQueue.concurrentPerform(iterations: tasks.count) { place in
      let task = tasks[place]
      let inside = folds.indices.filter { folds[$0] != task.fold }
      let outside = folds.indices.filter { folds[$0] == task.fold }
      let model = LogisticBins(rows.rows(inside), inside.map { lengths[$0] }, lambda: lambdas[task.lambda])
      let errors = zip(model.predict(rows.rows(outside)), outside).reduce(0.0) { sum, each in
        lengths[each.1] > 0 ? sum + abs(each.0 - lengths[each.1]) / lengths[each.1] : sum
      }
      found.withLock { $0[place] = errors }
    }
    var errors = [Double](repeating: 0, count: lambdas.count)
    for (task, error) in zip(tasks, found.withLock { $0 }) { errors[task.lambda] += error }
    let best = lambdas.indices.min { errors[$0] < errors[$1] } ?? 0
    return LogisticBins(rows, lengths, lambda: lambdas[best])
  }

  init(_ rows: FeatureRows, _ lengths: [Double], lambda: Double) {
    let order = lengths.indices.sorted { (lengths[$0], $0) < (lengths[$1], $1) }
    let bins = max(1, min(Self.bins, order.count))
    var bin = [Int](repeating: 0, count: lengths.count)
    var members = [[Double]](repeating: [], count: bins)
    for (rank, row) in order.enumerated() {
      bin[row] = rank * bins / order.count
      members[bin[row]].append(lengths[row])
    }
    standardisation = Standardisation(rows)
    self.lambda = lambda
    self.lengths = members
    let standardised = standardisation.applied(to: rows)
    guard rows.width > rows.count, let factor = Self.factor(standardised) else {
      (weights, intercepts) = Self.fit(standardised, bin, bins: bins, lambda: lambda)
      return
    }
    // With more features than rows, rows of L with L L^T = Z Z^T have the same products, so the same fit costs less:
    // w = Z^T L^-T v for the weights v of L's columns.
    let small = Self.fit(
      FeatureRows(width: rows.count, numbers: factor.lowerTriangle), bin, bins: bins, lambda: lambda)
    weights = small.weights.map { standardised.weightedSum(factor.solveTransposed($0)) }
    intercepts = small.intercepts
  }

  static func factor(_ rows: FeatureRows) -> PositiveFactor? {
    let products = RidgeSystem.products(rows)
    let trace = (0..<rows.count).reduce(0.0) { $0 + products[$1 * rows.count + $1] }
    // Enough for rows that are alike, too little to move the fit.
    return PositiveFactor(products, size: rows.count, ridge: max(1e-9 * trace / Double(max(rows.count, 1)), 1e-12))
  }

  /// Accelerated gradient descent with the step of a bound on the curvature; the loss is convex.
  static func fit(
    _ rows: FeatureRows, _ bin: [Int], bins: Int, lambda: Double
  ) -> (weights: [[Double]], intercepts: [Double]) {
    let (count, width) = (rows.count, rows.width)
    // The Hessian is at most half of Z^T Z, whose largest eigenvalue a few power iterations give.
    let curvature = 0.5 * (largestEigenvalue(rows) + Double(count)) + lambda
    var weights = [[Double]](repeating: [Double](repeating: 0, count: width), count: bins)
    var intercepts = [Double](repeating: 0, count: bins)
    var (ahead, aheadIntercepts) = (weights, intercepts)
    var momentum = 1.0
    for _ in 0..<steps {
      var gradient = [[Double]](repeating: [Double](repeating: 0, count: width), count: bins)
      var slope = [Double](repeating: 0, count: bins)
      for row in 0..<count {
        let shares = shares(rows, row, ahead, aheadIntercepts)
        for each in 0..<bins {
          let error = shares[each] - (bin[row] == each ? 1 : 0)
          slope[each] += error
          let start = row * width
          for index in 0..<width { gradient[each][index] += error * rows.numbers[start + index] }
        }
      }
      let next = (1 + (1 + 4 * momentum * momentum).squareRoot()) / 2
      let pull = (momentum - 1) / next
      momentum = next
      for each in 0..<bins {
        for index in 0..<width {
          let moved = ahead[each][index] - (gradient[each][index] + lambda * ahead[each][index]) / curvature
          ahead[each][index] = moved + pull * (moved - weights[each][index])
          weights[each][index] = moved
        }
        let moved = aheadIntercepts[each] - slope[each] / curvature
        aheadIntercepts[each] = moved + pull * (moved - intercepts[each])
        intercepts[each] = moved
      }
    }
    return (weights, intercepts)
  }

  private static func largestEigenvalue(_ rows: FeatureRows) -> Double {
    var vector = [Double](repeating: 1, count: rows.width)
    var value = 0.0
    for _ in 0..<20 {
      var next = [Double](repeating: 0, count: rows.width)
      for row in 0..<rows.count {
        let numbers = rows.row(row)
        let product = zip(numbers, vector).reduce(0) { $0 + $1.0 * $1.1 }
        for (index, number) in numbers.enumerated() { next[index] += product * number }
      }
      value = next.reduce(0) { $0 + $1 * $1 }.squareRoot()
      guard value > 0 else { return 0 }
      vector = next.map { $0 / value }
    }
    // Power iteration comes from below.
    return value * 1.1
  }

  static func shares(
    _ rows: FeatureRows, _ row: Int, _ weights: [[Double]], _ intercepts: [Double]
  ) -> [Double] {
    let scores = weights.indices.map { each in
      rows.numbers.withUnsafeBufferPointer { numbers in
        weights[each].withUnsafeBufferPointer { weights in
          guard let numbers = numbers.baseAddress, let weights = weights.baseAddress else { return intercepts[each] }
          return intercepts[each] + dot(numbers + row * rows.width, weights, rows.width)
        }
      }
    }
    let most = scores.max() ?? 0
    let powers = scores.map { exp($0 - most) }
    let sum = powers.reduce(0, +)
    return powers.map { $0 / sum }
  }

  /// One prediction a row.
  public func predict(_ rows: FeatureRows) -> [Double] {
    let standardised = standardisation.applied(to: rows)
    let all = lengths.flatMap { $0 }
    return (0..<rows.count).map { row in
      let shares = Self.shares(standardised, row, weights, intercepts)
      let mixture = lengths.indices.flatMap { bin in
        lengths[bin].map { $0 > 0 ? shares[bin] / Double(lengths[bin].count) / $0 : 0 }
      }
      return WeightedMedian.of(all, weights: mixture) ?? 0
    }
  }
}
