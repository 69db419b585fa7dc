/// Cross-validation as Vidur searches its regressors: contiguous folds, scored by the mean absolute percentage error.
enum CrossValidation {
  typealias Rows = [(features: [Double], target: Double)]

  /// The mean error over ten folds (two below ten rows) of what `fit` makes of the other rows, as a share.
  ///
  /// A target of 0 counts 0 where the prediction is 0 too, else 1. Infinite with fewer than two rows.
  static func error(_ rows: Rows, _ fit: (Rows) -> ([Double]) -> Double) -> Double {
    let folds = rows.count < 10 ? 2 : 10
    guard rows.count >= 2 else { return .infinity }
    var sum = 0.0
    for fold in 0..<folds {
      // The first folds take one row more where the rows do not divide evenly.
      let (size, more) = rows.count.quotientAndRemainder(dividingBy: folds)
      let start = fold * size + min(fold, more)
      let end = start + size + (fold < more ? 1 : 0)
      let predict = fit(Array(rows[..<start] + rows[end...]))
      let errors = rows[start..<end].map { row -> Double in
        let predicted = predict(row.features)
        if row.target == 0 { return predicted == 0 ? 0 : 1 }
        return abs(predicted - row.target) / abs(row.target)
      }
      sum += errors.reduce(0, +) / Double(max(1, errors.count))
    }
    return sum / Double(folds)
  }
}
