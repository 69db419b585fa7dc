import Dispatch

/// Numbers that describe requests, one row each, row-major.
public struct FeatureRows: Equatable, Sendable {
  public let width: Int
  /// // [rows, width]
  public let numbers: [Double]

  public var count: Int { width == 0 ? 0 : numbers.count / width }

  /// Rows of one width.
  ///
  /// - Throws: `RuntimeProblem` K655 if a number is not finite or rows differ in width.
  public init(_ rows: [[Double]]) throws {
    width = rows.first?.count ?? 0
    let width = width
    guard width > 0, rows.allSatisfy({ $0.count == width && $0.allSatisfy(\.isFinite) }) else {
      throw RuntimeProblem(
        LengthPredictionProblems.notSolvable, seen: "features that are not finite or not of one width",
        expected: "finite numbers, as many for every request")
    }
    numbers = rows.flatMap { $0 }
  }

  init(width: Int, numbers: [Double]) {
    self.width = width
    self.numbers = numbers
  }

  public func row(_ place: Int) -> ArraySlice<Double> { numbers[place * width..<(place + 1) * width] }

  func rows(_ places: [Int]) -> FeatureRows {
    FeatureRows(width: width, numbers: places.flatMap { row($0) })
  }

  /// The same rows with a column more.
  func appending(_ column: [Double]) -> FeatureRows {
    FeatureRows(width: width + 1, numbers: (0..<count).flatMap { row($0) + [column[$0]] })
  }
}

/// Where each feature lies and how wide it is spread, over the rows a model is trained on.
struct Standardisation: Codable, Equatable, Sendable {
  let means: [Double]
  /// 1 over the standard deviation (n); 0 for a feature that is the same everywhere.
  let factors: [Double]

  init(_ rows: FeatureRows) {
    let count = Double(max(rows.count, 1))
    var means = [Double](repeating: 0, count: rows.width)
    for place in 0..<rows.count { for (index, number) in rows.row(place).enumerated() { means[index] += number } }
    for index in means.indices { means[index] /= count }
    var squares = [Double](repeating: 0, count: rows.width)
    for place in 0..<rows.count {
      for (index, number) in rows.row(place).enumerated() {
        squares[index] += (number - means[index]) * (number - means[index])
      }
    }
    self.means = means
    factors = zip(squares, means).map { square, mean in
      let spread = (square / count).squareRoot()
      // What rounding leaves of a constant is not a spread.
      return spread > 1e-12 * max(1, abs(mean)) ? 1 / spread : 0
    }
  }

  func applied(to rows: FeatureRows) -> FeatureRows {
    var numbers = rows.numbers
    for place in 0..<rows.count {
      for index in 0..<rows.width {
        let at = place * rows.width + index
        numbers[at] = (numbers[at] - means[index]) * factors[index]
      }
    }
    return FeatureRows(width: rows.width, numbers: numbers)
  }
}
