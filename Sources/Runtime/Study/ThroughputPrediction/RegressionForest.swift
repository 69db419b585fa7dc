/// A random forest of regression trees: each is grown on a bootstrap sample of the rows, and the forest is their mean.
///
/// Squared error, every feature at every split, thresholds midway between neighbouring values: the defaults that Vidur
/// leaves in scikit-learn's forest. A tree depends on the seed, the stream and its number alone. It is flat outside the
/// rows' range. Source: Breiman, "Random forests" (2001).
public struct RegressionForest: Sendable {
  private let trees: [RegressionTree]

  /// - Parameters:
  ///   - rows: all with as many features as the first, none NaN.
  ///   - stream: tells forests of one seed apart.
  public init(_ rows: [(features: [Double], target: Double)], _ settings: ForestSettings, stream: UInt64 = 0) {
    let order = TrainingRows(rows)
    trees = (0..<max(0, settings.trees)).map { tree in
      var generator = ResampleGenerator(seed: settings.seed ^ stream << 32, resample: UInt64(tree))
      var weights = [Int32](repeating: 0, count: rows.count)
      generator.drawIndices(below: UInt32(clamping: rows.count)) { weights[$0] += 1 }
      return RegressionTree(order, weights: weights, depth: settings.depth, minimumSplit: settings.minimumSplit)
    }
  }

  /// The mean of the trees; 0 without any.
  public func callAsFunction(_ features: [Double]) -> Double {
    trees.isEmpty ? 0 : trees.reduce(0) { $0 + $1(features) } / Double(trees.count)
  }
}

/// Rows as tree growing reads them: by feature, and in the order of each feature.
struct TrainingRows {
  /// [features][rows]
  let columns: [[Double]]
  let targets: [Double]
  /// Places of the rows, ascending in each feature. // [features][rows]
  let orders: [[Int32]]

  init(_ rows: [(features: [Double], target: Double)]) {
    let width = rows.first?.features.count ?? 0
    let columns = (0..<width).map { feature in rows.map { $0.features[feature] } }
    self.columns = columns
    targets = rows.map(\.target)
    orders = columns.map { column in
      (0..<Int32(clamping: rows.count)).sorted { (column[Int($0)], $0) < (column[Int($1)], $1) }
    }
  }
}
