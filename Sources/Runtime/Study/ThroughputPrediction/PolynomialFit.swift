import Foundation

/// A polynomial in one or two features by least squares, its form chosen by cross-validation: Vidur's other regressor.
///
/// Degree 1 to 5, every product of features up to the degree or only those in which no feature is repeated; 10 contiguous
/// folds (2 below 10 rows), the least mean absolute percentage error wins and is fitted to all rows. A constant is always
/// among the terms, so that Vidur's choices of bias and intercept are one.
public struct PolynomialFit: Sendable {
  private let terms: [[Int]]
  private let coefficients: [Double]
  /// Features are mapped to -1...1 before they are raised to powers. // [features]
  private let centres: [Double]
  private let halfWidths: [Double]

  public init(_ rows: [(features: [Double], target: Double)]) {
    let width = rows.first?.features.count ?? 0
    var best: (error: Double, terms: [[Int]]) = (.infinity, [Array(repeating: 0, count: width)])
    for degree in 1...5 {
      for onlyInteractions in [false, true] {
        let terms = Self.terms(width, degree: degree, onlyInteractions: onlyInteractions)
        let error = CrossValidation.error(rows) { Self(part: $0, terms: terms).callAsFunction }
        if error < best.error { best = (error, terms) }
      }
    }
    self.init(part: rows, terms: best.terms)
  }

  private init(part rows: [(features: [Double], target: Double)], terms: [[Int]]) {
    let width = rows.first?.features.count ?? 0
    let spans = (0..<width).map { feature -> (low: Double, high: Double) in
      let values = rows.map { $0.features[feature] }
      return (values.min() ?? 0, values.max() ?? 0)
    }
    let centres = spans.map { ($0.low + $0.high) / 2 }
    let halfWidths = spans.map { max(($0.high - $0.low) / 2, .leastNormalMagnitude) }
    let design = rows.map { row in
      terms.map { Self.value($0, Self.scaled(row.features, centres, halfWidths)) }
    }
    self.terms = terms
    self.centres = centres
    self.halfWidths = halfWidths
    coefficients = LeastSquares.solve(design, rows.map(\.target))
  }

  public func callAsFunction(_ features: [Double]) -> Double {
    let scaled = Self.scaled(features, centres, halfWidths)
    return zip(terms, coefficients).reduce(0) { $0 + $1.1 * Self.value($1.0, scaled) }
  }

  /// Powers of each feature in each term, the constant first.
  private static func terms(_ width: Int, degree: Int, onlyInteractions: Bool) -> [[Int]] {
    var terms: [[Int]] = [[]]
    for _ in 0..<width { terms = terms.flatMap { term in (0...(onlyInteractions ? 1 : degree)).map { term + [$0] } } }
    return terms.filter { $0.reduce(0, +) <= degree }
  }

  private static func scaled(_ features: [Double], _ centres: [Double], _ halfWidths: [Double]) -> [Double] {
    features.indices.map { (features[$0] - centres[$0]) / halfWidths[$0] }
  }

  private static func value(_ term: [Int], _ features: [Double]) -> Double {
    var product = 1.0
    for (feature, power) in term.enumerated() { for _ in 0..<power { product *= features[feature] } }
    return product
  }
}
