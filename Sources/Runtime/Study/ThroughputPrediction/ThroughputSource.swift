/// Where predictors of throughput come from: files that others published, or the user's own profile.
public protocol ThroughputSource: Sendable {
  /// The machine and the model that the times are of, in one clause.
  var origin: String { get }
  /// The same of the times that predictions of these configurations are made from.
  ///
  /// - Throws: K633 if the source has nothing of one.
  func origin(of configurations: [Compressor]) throws -> String
  /// What a reader must know of the configuration's times; nil if nothing.
  ///
  /// - Throws: K633 if the source has nothing of it.
  func remark(on configuration: Compressor) throws -> String?
  /// What the configuration is called there.
  ///
  /// - Throws: K633 if the source has nothing of it.
  func name(of configuration: Compressor) throws -> String
  /// A predictor for one configuration.
  ///
  /// - Throws: K633 if the source has nothing of it; what reading its files throws.
  func predictor(of configuration: Compressor, regression: TimeRegression) throws -> ThroughputPredictor
  /// A server's times for the router.
  ///
  /// - Throws: as `predictor`.
  func serviceTimes(of configuration: Compressor) throws -> any ServiceTimes
  /// The same, out of the predictor.
  ///
  /// - Throws: as `predictor`.
  func predictedTimes(of configuration: Compressor, regression: TimeRegression) throws -> any ServiceTimes
}

extension ThroughputSource {
  public func origin(of configurations: [Compressor]) throws -> String { origin }
  public func remark(on configuration: Compressor) throws -> String? { nil }
}
