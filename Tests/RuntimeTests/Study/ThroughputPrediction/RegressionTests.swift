import Testing

@testable import Runtime

/// Tables, trees and polynomials on data whose answer is known.
@Suite("Throughput predictor: regressors") struct RegressionTests {
  /// 1 + 2 x + 3 y over a grid.
  private static let plane: CrossValidation.Rows = {
    var rows: CrossValidation.Rows = []
    for x in 0..<12 {
      for y in 0..<12 { rows.append((features: [Double(x), Double(y)], target: Double(1 + 2 * x + 3 * y))) }
    }
    return rows
  }()

  @Test("a table averages equal keys, is linear between points and keeps the ends")
  func table() {
    let curve = PiecewiseLinear([(2, 4), (1, 1), (2, 6)])
    #expect(curve(1) == 1 && curve(2) == 5 && curve(1.5) == 3 && curve(0) == 1 && curve(9) == 5)
    #expect(PiecewiseLinear([])(3) == 0)
    let surface = TableSurface([(1, 0, 10), (1, 10, 20), (3, 0, 30), (3, 20, 50)])
    #expect(surface(1, 5) == 15 && surface(3, 5) == 35 && surface(2, 5) == 25)
    #expect(surface(0, 5) == 15 && surface(9, 50) == 50)
  }

  @Test("a full tree on all rows has every target; a tree of depth 0 has their mean")
  func tree() {
    let rows = TrainingRows(Self.plane)
    let weights = [Int32](repeating: 1, count: Self.plane.count)
    let full = RegressionTree(rows, weights: weights, depth: 32, minimumSplit: 2)
    for row in Self.plane { #expect(full(row.features) == row.target) }
    let stump = RegressionTree(rows, weights: weights, depth: 0, minimumSplit: 2)
    #expect(abs(stump([0, 0]) - (1 + 2 * 5.5 + 3 * 5.5)) < 1e-12)
    // The first split is of the steeper feature, at its middle.
    let once = RegressionTree(rows, weights: weights, depth: 1, minimumSplit: 2)
    #expect(once([11, 5.4]) < once([0, 5.6]) && once([0, 5.4]) == once([11, 5.4]))
    let large = RegressionTree(rows, weights: weights, depth: 32, minimumSplit: 1_000)
    #expect(large([0, 0]) == stump([0, 0]))
  }

  @Test("a row that is drawn twice counts twice")
  func weights() {
    let rows = TrainingRows([([0], 1), ([1], 4)])
    let tree = RegressionTree(rows, weights: [2, 1], depth: 0, minimumSplit: 2)
    #expect(abs(tree([0]) - 2) < 1e-12)
    #expect(RegressionTree(rows, weights: [0, 1], depth: 3, minimumSplit: 2)([0]) == 4)
  }

  @Test("a forest is the same for the same seed, another for another, and flat outside its rows")
  func forest() {
    let settings = ForestSettings(trees: 20, seed: 7)
    let (one, two) = (RegressionForest(Self.plane, settings), RegressionForest(Self.plane, settings))
    let other = RegressionForest(Self.plane, ForestSettings(trees: 20, seed: 8))
    let places = [[3.3, 4.4], [0, 11], [7.5, 0.2]]
    #expect(places.map(one.callAsFunction) == places.map(two.callAsFunction))
    #expect(places.map(one.callAsFunction) != places.map(other.callAsFunction))
    #expect(one([50, 50]) == one([11, 11]) && one([-9, -9]) == one([0, 0]))
    for row in Self.plane { #expect(abs(one(row.features) - row.target) < 4) }
    #expect(RegressionForest([], settings)([1]) == 0)
  }

  @Test("a polynomial finds the one that made the data")
  func polynomial() {
    let rows = Self.plane.map { row -> (features: [Double], target: Double) in
      let (x, y) = (row.features[0], row.features[1])
      return (row.features, 3 - x + 0.5 * x * y + 0.25 * y * y)
    }
    let fit = PolynomialFit(rows)
    for (x, y) in [(0.5, 3.5), (10, 2), (12, 12)] {
      #expect(abs(fit([x, y]) - (3 - x + 0.5 * x * y + 0.25 * y * y)) < 1e-6)
    }
    // One feature never varies.
    let line = PolynomialFit((0..<12).map { ([Double($0), 0], 5 + 2 * Double($0)) })
    #expect(abs(line([20, 0]) - 45) < 1e-6)
    #expect(PolynomialFit([([1], 4)])([1]) == 4)
  }

  @Test("least squares gives the mean for a constant, and leaves a repeated column out")
  func leastSquares() {
    #expect(abs(LeastSquares.solve([[1], [1], [1]], [1, 2, 6])[0] - 3) < 1e-12)
    let solution = LeastSquares.solve([[1, 0, 0], [1, 1, 1], [1, 2, 2]], [1, 3, 5])
    #expect(abs(solution[0] - 1) < 1e-12 && abs(solution[1] - 2) < 1e-12 && solution[2] == 0)
    #expect(LeastSquares.solve([], []).isEmpty)
  }

  @Test("folds are contiguous, cover every row once, and a target of 0 counts nothing or everything")
  func folds() {
    var held: [Int] = []
    let rows = (0..<23).map { (features: [Double($0)], target: Double($0)) }
    let error = CrossValidation.error(rows) { part in
      let kept = Set(part.map { Int($0.features[0]) })
      held += (0..<23).filter { !kept.contains($0) }
      return { _ in 0 }
    }
    #expect(held == Array(0..<23))
    // Three of three rows in the first fold, of which the target 0 is met.
    #expect(abs(error - (2.0 / 3 + 9) / 10) < 1e-12)
    #expect(CrossValidation.error([([1], 1)]) { _ in { _ in 1 } } == .infinity)
  }
}
