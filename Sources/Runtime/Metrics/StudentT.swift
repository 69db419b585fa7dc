import Foundation

/// Student's t distribution, for the interval of a mean.
enum StudentT {
  /// The t below which the share `p` of the distribution lies; `0 < p < 1`, `degreesOfFreedom >= 1`.
  static func quantile(_ p: Double, degreesOfFreedom: Double) -> Double {
    if p == 0.5 { return 0 }
    if p < 0.5 { return -quantile(1 - p, degreesOfFreedom: degreesOfFreedom) }
    var low = 0.0
    var high = 2.0
    while cumulative(high, degreesOfFreedom: degreesOfFreedom) < p && high < 1e300 { high *= 2 }
    // Bisection: called once a column, so plain and certain beats fast.
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if cumulative(middle, degreesOfFreedom: degreesOfFreedom) < p { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }

  /// The share of the distribution below `t`.
  static func cumulative(_ t: Double, degreesOfFreedom: Double) -> Double {
    let x = degreesOfFreedom / (degreesOfFreedom + t * t)
    let tail = 0.5 * incompleteBeta(x, degreesOfFreedom / 2, 0.5)
    return t >= 0 ? 1 - tail : tail
  }

  /// The regularised incomplete beta function I_x(a, b) by its continued fraction (DLMF 8.17.22, Lentz's method).
  static func incompleteBeta(_ x: Double, _ a: Double, _ b: Double) -> Double {
    if x <= 0 { return 0 }
    if x >= 1 { return 1 }
    // The fraction converges quickly only below the mean; the other side follows by symmetry.
    if x > (a + 1) / (a + b + 2) { return 1 - incompleteBeta(1 - x, b, a) }
    let logFront = lgamma(a + b) - lgamma(a) - lgamma(b) + a * log(x) + b * log1p(-x)
    let tiny = 1e-300
    var c = 1.0
    var d = 1 - (a + b) * x / (a + 1)
    d = 1 / (abs(d) < tiny ? tiny : d)
    var fraction = d
    for step in 1...500 {
      let m = Double(step)
      let even = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
      d = 1 + even * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + even / c
      c = abs(c) < tiny ? tiny : c
      fraction *= d * c
      let odd = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
      d = 1 + odd * d
      d = 1 / (abs(d) < tiny ? tiny : d)
      c = 1 + odd / c
      c = abs(c) < tiny ? tiny : c
      fraction *= d * c
      if abs(d * c - 1) < 1e-15 { break }
    }
    return exp(logFront) * fraction / a
  }
}

/// The standard normal distribution, for the Wilson interval.
enum StandardNormal {
  /// The z below which the share `p` of the distribution lies; `0 < p < 1`.
  static func quantile(_ p: Double) -> Double {
    if p == 0.5 { return 0 }
    if p > 0.5 { return -quantile(1 - p) }
    var low = -40.0
    var high = 0.0
    for _ in 0..<200 {
      let middle = low + (high - low) / 2
      if middle == low || middle == high { break }
      if 0.5 * erfc(-middle / 2.0.squareRoot()) < p { low = middle } else { high = middle }
    }
    return low + (high - low) / 2
  }
}
