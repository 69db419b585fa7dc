import Dispatch

/// A linear model of standardised features: y = intercept + sum of weight x feature.
struct RidgeModel: Codable, Equatable, Sendable {
  let standardisation: Standardisation
  let weights: [Double]
  let intercept: Double
  let lambda: Double

  func predict(_ rows: FeatureRows) -> [Double] {
    predict(standardised: standardisation.applied(to: rows))
  }

  func predict(standardised rows: FeatureRows) -> [Double] {
    (0..<rows.count).map { place in
      rows.numbers.withUnsafeBufferPointer { numbers in
        weights.withUnsafeBufferPointer { weights in
          guard let numbers = numbers.baseAddress, let weights = weights.baseAddress else { return intercept }
          return intercept + dot(numbers + place * rows.width, weights, rows.width)
        }
      }
    }
  }
}

/// The equations of ridge regression over some rows, for any number of targets and penalties.
///
/// Minimises |y - mean(y) - Z w|^2 + lambda |w|^2 with Z standardised over the rows. With more features than rows the
/// rows' products are solved for (w = Z^T (Z Z^T + lambda I)^-1 y), which is the same w.
struct RidgeSystem: Sendable {
  let standardisation: Standardisation
  private let rows: FeatureRows  // standardised
  private let size: Int
  private let isDual: Bool
  /// Z Z^T or Z^T Z. // [size, size]
  private let products: [Double]

  init(_ rows: FeatureRows) {
    standardisation = Standardisation(rows)
    self.rows = standardisation.applied(to: rows)
    isDual = rows.count <= rows.width
    size = min(rows.count, rows.width)
    products = Self.products(isDual ? self.rows : Self.transposed(self.rows))
  }

  private static func transposed(_ rows: FeatureRows) -> FeatureRows {
    var numbers = [Double](repeating: 0, count: rows.numbers.count)
    for place in 0..<rows.count {
      for (index, number) in rows.row(place).enumerated() { numbers[index * rows.count + place] = number }
    }
    return FeatureRows(width: rows.count, numbers: numbers)
  }

  /// Products of all pairs of rows, the lower triangle.
  private static func products(_ rows: FeatureRows) -> [Double] {
    let (count, width) = (rows.count, rows.width)
    var products = [Double](repeating: 0, count: count * count)
    products.withUnsafeMutableBufferPointer { products in
      rows.numbers.withUnsafeBufferPointer { numbers in
        guard let target = products.baseAddress, let numbers = numbers.baseAddress else { return }
        // Safe to share: every row of the result is written by one task.
        nonisolated(unsafe) let (out, source) = (target, numbers)
        DispatchQueue.concurrentPerform(iterations: count) { row in
          for column in 0...row {
            out[row * count + column] = dot(source + row * width, source + column * width, width)
          }
        }
      }
    }
    return products
  }

  /// One model a target, all with the same penalty.
  ///
  /// - Throws: `RuntimeProblem` K655.
  func models(_ targets: [[Double]], lambda: Double) throws -> [RidgeModel] {
    guard let factor = PositiveFactor(products, size: size, ridge: lambda) else {
      throw RuntimeProblem(
        LengthPredictionProblems.notSolvable, seen: "equations of \(rows.count) requests and \(rows.width) features",
        expected: "features of a moderate size")
    }
    return targets.map { target in
      let intercept = target.reduce(0, +) / Double(max(target.count, 1))
      let centred = target.map { $0 - intercept }
      let weights = isDual ? sums(factor.solve(centred)) : factor.solve(sums(centred))
      return RidgeModel(standardisation: standardisation, weights: weights, intercept: intercept, lambda: lambda)
    }
  }

  /// Z^T times a number for each row. // [width]
  private func sums(_ numbers: [Double]) -> [Double] {
    var sums = [Double](repeating: 0, count: rows.width)
    for (place, factor) in numbers.enumerated() {
      let start = place * rows.width
      for index in 0..<rows.width { sums[index] += rows.numbers[start + index] * factor }
    }
    return sums
  }
}
