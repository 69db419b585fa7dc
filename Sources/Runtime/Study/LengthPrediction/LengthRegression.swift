import Foundation

/// Predicts a positive number, such as a length or a ratio of lengths, for the least mean relative error.
///
/// Ridge regression on y = ln(target + shift); what is predicted is exp(y + delta) - shift, with the one delta of the
/// least mean relative error over predictions of rows that a model had not seen. Source: the sheet `length-predictor`.
public struct LengthRegression: Codable, Equatable, Sendable {
  /// 1 for lengths, 0 for ratios.
  let shift: Double
  let ridge: RidgeModel
  /// exp(delta).
  let factor: Double
  /// ln(target + shift) - (y + delta) of the rows it was trained on, by models that had not seen them; ascending.
  let residuals: [Double]

  /// The penalty that cross-validation chose.
  public var lambda: Double { ridge.lambda }
  public var delta: Double { log(factor) }

  /// A regression for each target, over the same rows and folds.
  ///
  /// - Parameter targets: above -shift. // [targets][rows]
  /// - Throws: `RuntimeProblem` K654, K655.
  static func train(_ rows: FeatureRows, _ targets: [[Double]], shift: Double, folds: [Int]) throws
    -> [LengthRegression]
  {
    let logs = targets.map { $0.map { log($0 + shift) } }
    guard logs.allSatisfy({ $0.allSatisfy(\.isFinite) }) else {
      throw RuntimeProblem(
        LengthPredictionProblems.noLength, seen: "a length without a logarithm", expected: "1 token or more")
    }
    let found = try RidgeSearch.run(rows, logs, folds: folds)
    return zip(found, zip(targets, logs)).map { found, truth in
      // |s a - (t + shift)| / t is least at the median of (t + shift) / a with the weights a / t: s = exp(delta).
      let raw = found.heldOut.map(exp)
      let ratios = zip(raw, truth.0).map { ($1 + shift) / $0 }
      let weights = zip(raw, truth.0).map { $1 > 0 ? $0 / $1 : 0 }
      let factor = WeightedMedian.of(ratios, weights: weights) ?? 1
      let residuals = zip(truth.1, found.heldOut).map { $0 - $1 - log(factor) }.sorted()
      return LengthRegression(shift: shift, ridge: found.model, factor: factor, residuals: residuals)
    }
  }

  func isSound(width: Int) -> Bool {
    let standardisation = ridge.standardisation
    return ridge.weights.count == width && standardisation.means.count == width
      && standardisation.factors.count == width && factor > 0 && factor.isFinite
      && [ridge.weights, standardisation.means, standardisation.factors, [ridge.intercept]]
        .allSatisfy { $0.allSatisfy(\.isFinite) }
      && zip(residuals, residuals.dropFirst()).allSatisfy { $0 <= $1 }
  }

  /// One prediction a row, 0 or more.
  public func predict(_ rows: FeatureRows) -> [Double] {
    ridge.predict(rows).map { max(0, exp($0) * factor - shift) }
  }

  /// The prediction of one row.
  public func predict(_ row: ArraySlice<Double>) -> Double {
    predict(FeatureRows(width: row.count, numbers: Array(row))).first ?? 0
  }

  /// The interval that holds the truth with about `level`, by the residuals of rows that a model had not seen.
  ///
  /// Split conformal prediction: the ends are order statistics with the correction for n + 1, so that the coverage holds
  /// whatever the distribution, as long as new requests are like the old ones.
  public func interval(around predicted: Double, level: Double) -> ClosedRange<Double> {
    let count = residuals.count
    guard count > 0 else { return 0...Double.infinity }
    let tail = (1 - level) / 2
    // 100 times (1 - 0.9) / 2 is meant to be 5, to the last bit.
    let low = Int((Double(count + 1) * tail + 1e-9).rounded(.down)) - 1
    let high = Int((Double(count + 1) * (1 - tail) - 1e-9).rounded(.up)) - 1
    let centre = log(predicted + shift)
    // Too few residuals for an end: nothing is known of it.
    let first = low >= 0 ? max(0, exp(centre + residuals[low]) - shift) : 0
    let last = high < count ? max(0, exp(centre + residuals[max(high, 0)]) - shift) : Double.infinity
    return first...max(first, last)
  }
}
