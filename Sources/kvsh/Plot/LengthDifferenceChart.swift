/// The numbers of one configuration in the figure of length differences (figure 4 with table 5 in its legend).
struct LengthDifferenceSeries: Equatable, Sendable {
  var label: String
  /// Configurations of one group share a panel, such as the two settings of one method; empty: a panel of its own.
  var group: String = ""
  /// Simulated storage: drawn hatched.
  var simulated: Bool = false
  /// Histogram edges in percent; empty when no value is left. // [bins + 1]
  var edges: [Double] = []
  /// // [bins]
  var densities: [Double] = []
  /// The density curve; both empty when there is none. // [points]
  var curveX: [Double] = []
  var curveDensity: [Double] = []
  /// Why there is no curve ("all values are equal (s = 0)"); nil when there is one.
  var noCurve: String?
  /// Requests with L_un > 0, the denominator of the shares.
  var valid: Int
  /// Requests with L_un = 0.
  var skipped: Int = 0
  /// Requests beyond the clip.
  var dropped: Int = 0
  /// Requests at the length limit, of the valid ones.
  var baselineAtCap: Int = 0
  var compressedAtCap: Int = 0
  var eitherAtCap: Int = 0
  /// D >= threshold, as shares 0...1, with their interval.
  var shorter: ShareWithInterval
  /// D <= -threshold.
  var longer: ShareWithInterval
  /// Mean D in percent.
  var meanPercent: Double

  struct ShareWithInterval: Equatable, Sendable {
    var value: Double
    var low: Double
    var high: Double
  }
}
