import Foundation

/// The distribution that bootstrap means of many samples have, computed rather than drawn.
///
/// A resample's mean is a mean of n independent draws, so its quantiles follow from the sample's moments by the Cornish-Fisher
/// expansion to the order 1/n. From 20,000 samples on what that leaves out is far below what 2,000 resamples leave to chance, and
/// it takes milliseconds. Source: Hall, "The bootstrap and Edgeworth expansion" (1992), 3.3 and 3.5.
enum BootstrapExpansion {
  /// Fewer samples are drawn.
  static let leastCount = 20_000

  /// Quantile `p` of the bootstrap means of `values`; nil where the expansion is not to be trusted, as with a few values
  /// that outweigh all others.
  static func meanQuantiles(_ values: [Double], at ps: [Double]) -> [Double]? {
    guard let moments = JointMoments(values, []) else { return nil }
    return moments.meanQuantiles(slope: 0, at: ps)
  }

  /// Quantiles of bootstrap ratios sum(first) / sum(second).
  ///
  /// The ratio is at most t where the mean of first - t second is at most 0, if the denominator is surely above 0.
  static func ratioQuantiles(_ first: [Double], _ second: [Double], at ps: [Double]) -> [Double]? {
    guard let moments = JointMoments(first, second) else { return nil }
    return moments.ratioQuantiles(at: ps)
  }
}

/// Means and central moments of pairs up to the fourth order; of single values where `second` is empty.
private struct JointMoments {
  let count: Double
  let means: SIMD2<Double>
  /// Mean of dx^(k - j) dy^j over the pairs. // [k - 2][j]
  let central: [[Double]]

  init?(_ first: [Double], _ second: [Double]) {
    let isSingle = second.isEmpty
    count = Double(first.count)
    means = SIMD2(first.reduce(0, +) / count, isSingle ? 0 : second.reduce(0, +) / count)
    var (two, three, four) = (SIMD4<Double>.zero, SIMD4<Double>.zero, SIMD8<Double>.zero)
    for index in first.indices {
      let x = first[index] - means.x
      let y = isSingle ? 0 : second[index] - means.y
      let (xx, xy, yy) = (x * x, x * y, y * y)
      two += SIMD4(xx, xy, yy, 0)
      three += SIMD4(xx * x, xx * y, x * yy, yy * y)
      four += SIMD8(xx * xx, xx * xy, xx * yy, xy * yy, yy * yy, 0, 0, 0)
    }
    let n = count
    central = [(0...2).map { two[$0] / n }, (0...3).map { three[$0] / n }, (0...4).map { four[$0] / n }]
    guard means.x.isFinite, means.y.isFinite, central.allSatisfy({ $0.allSatisfy(\.isFinite) }) else { return nil }
  }

  /// Central moment of order k of x - slope y.
  private func moment(_ k: Int, slope: Double) -> Double {
    var (sum, ways, power) = (0.0, 1.0, 1.0)
    for j in 0...k {
      sum += ways * power * central[k - 2][j]
      ways *= Double(k - j) / Double(j + 1)
      power *= -slope
    }
    return sum
  }

  /// Quantiles of the bootstrap means of x - slope y.
  func meanQuantiles(slope: Double, at ps: [Double]) -> [Double]? {
    let mean = means.x - slope * means.y
    let variance = moment(2, slope: slope)
    // All values alike: every resample's mean is theirs.
    guard variance > 0 else { return ps.map { _ in mean } }
    let skew = moment(3, slope: slope) / (variance * variance.squareRoot()) / count.squareRoot()
    let excess = (moment(4, slope: slope) / (variance * variance) - 3) / count
    guard abs(skew) < 0.1, abs(excess) < 0.1 else { return nil }
    let unit = (variance / count).squareRoot()
    return ps.map { p in
      let z = StandardNormal.quantile(p)
      let (z2, z3) = (z * z, z * z * z)
      return mean + unit
        * (z + (z2 - 1) * skew / 6 + (z3 - 3 * z) * excess / 24 - (2 * z3 - 5 * z) * skew * skew / 36)
    }
  }

  func ratioQuantiles(at ps: [Double]) -> [Double]? {
    let ratio = means.x / means.y
    let denominatorSpread = (central[0][2] / count).squareRoot()
    guard means.y > 20 * denominatorSpread else { return nil }
    let width = (max(0, moment(2, slope: ratio)) / count).squareRoot() / means.y
    guard width > 0 else { return ps.map { _ in ratio } }
    var quantiles: [Double] = []
    for p in ps {
      var (low, high) = (ratio - 20 * width, ratio + 20 * width)
      for _ in 0..<100 {
        let middle = low + (high - low) / 2
        guard let at = meanQuantiles(slope: middle, at: [p])?.first else { return nil }
        if at > 0 { low = middle } else { high = middle }
      }
      quantiles.append(low + (high - low) / 2)
    }
    return quantiles
  }
}
