/// How times between measured points are guessed.
public enum TimeRegression: Sendable, Equatable {
  /// Equal points averaged, straight lines between them, the ends kept beyond.
  case table
  /// A random forest, as Vidur has it.
  case forest(ForestSettings)
  /// A polynomial chosen by cross-validation, Vidur's other regressor.
  case polynomial

  public var name: String {
    switch self {
    case .table: "table"
    case .forest: "forest"
    case .polynomial: "poly"
    }
  }
}

/// Milliseconds of one layer's attention and of one operator, from features to a time.
struct TimeRegressors: Sendable {
  private enum Curve: Sendable {
    case table(PiecewiseLinear)
    case surface(TableSurface)
    case forest(RegressionForest)
    case polynomial(PolynomialFit)

    func callAsFunction(_ first: Double, _ second: Double) -> Double {
      switch self {
      case .table(let curve): curve(first)
      case .surface(let surface): surface(first, second)
      case .forest(let forest): forest([first, second])
      case .polynomial(let fit): fit([first, second])
      }
    }
  }

  private let operators: [Curve]
  private let perForward: [Curve]
  private let decode: Curve
  private let prefill: Curve

  init(_ profile: LayerProfile, _ regression: TimeRegression) {
    switch regression {
    case .table: self.init(tables: profile)
    case .forest(let settings):
      self.init(profile) { rows, stream in .forest(RegressionForest(rows, settings, stream: stream)) }
    case .polynomial:
      self.init(profile) { rows, _ in .polynomial(PolynomialFit(rows)) }
    }
  }

  private init(tables profile: LayerProfile) {
    func curve(_ times: [LayerProfile.TokenTime]) -> Curve {
      .table(PiecewiseLinear(times.map { (Double($0.tokens), $0.milliseconds) }))
    }
    operators = profile.operators.map(curve)
    perForward = profile.perForward.map(curve)
    decode = .surface(TableSurface(profile.decode.map { (Double($0.batch), Double($0.cached), $0.milliseconds) }))
    // Linear in the square of the chunk at each count of cached tokens.
    prefill = .surface(
      TableSurface(
        profile.prefill.map { (Double($0.cached), Double($0.chunk) * Double($0.chunk), $0.milliseconds) }))
  }

  /// Every curve fitted to rows by the same means; the number tells the curves apart.
  private init(_ profile: LayerProfile, _ fit: (CrossValidation.Rows, UInt64) -> Curve) {
    func curves(_ times: [[LayerProfile.TokenTime]], _ first: UInt64) -> [Curve] {
      times.enumerated().map { place, times in
        // A second feature that never varies keeps all curves alike; no split and no term can use it.
        fit(times.map { ([Double($0.tokens), 0], $0.milliseconds) }, first + UInt64(place))
      }
    }
    operators = curves(profile.operators, 0)
    perForward = curves(profile.perForward, 100)
    decode = fit(profile.decode.map { ([Double($0.batch), Double($0.cached)], $0.milliseconds) }, 200)
    prefill = fit(
      profile.prefill.map { ([Double($0.cached), Double($0.chunk) * Double($0.chunk)], $0.milliseconds) }, 201)
  }

  /// One layer's operators over `tokens` new tokens.
  func layerMilliseconds(tokens: Int) -> Double { operators.reduce(0) { $0 + $1(Double(tokens), 0) } }

  /// What comes once a forward.
  func forwardMilliseconds(tokens: Int) -> Double { perForward.reduce(0) { $0 + $1(Double(tokens), 0) } }

  func decodeMilliseconds(batch: Int, cached: Int) -> Double { decode(Double(batch), Double(cached)) }

  func prefillMilliseconds(chunk: Int, cached: Int) -> Double {
    prefill(Double(cached), Double(chunk) * Double(chunk))
  }
}
