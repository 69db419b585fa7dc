/// Requests for the router's simulation, in the order in which they arrive.
public struct RouteWorkload: Sendable {
  /// When each request arrives, ascending from 0. // [requests]
  public var arrivalSeconds: [Double]
  /// Tokens of each prompt, at least 1. // [requests]
  public var promptTokens: [Int]
  /// Tokens each configuration answers with, at least 1. // [methods][requests]
  public var responseTokens: [[Int]]
  /// What the length predictor says of `responseTokens`. // [methods][requests]
  public var predictedTokens: [[Double]]

  public var count: Int { arrivalSeconds.count }

  /// - Parameter predictedTokens: nil is a perfect predictor.
  /// - Throws: K630 for lists of different lengths, arrivals that go back, prompts or responses without tokens.
  public init(
    arrivalSeconds: [Double], promptTokens: [Int], responseTokens: [[Int]], predictedTokens: [[Double]]? = nil
  ) throws {
    self.arrivalSeconds = arrivalSeconds
    self.promptTokens = promptTokens
    self.responseTokens = responseTokens
    self.predictedTokens = predictedTokens ?? responseTokens.map { $0.map(Double.init) }
    try check()
  }

  /// Requests that are known to be well made.
  init(arrivals: [Double], prompts: [Int], responses: [[Int]], predictions: [[Double]]) {
    arrivalSeconds = arrivals
    promptTokens = prompts
    responseTokens = responses
    predictedTokens = predictions
  }

  /// A token count that no real request reaches, so that sums of a million stay far from overflow.
  static let tokenLimit = 1 << 30

  private func check() throws {
    let tokens = 1...Self.tokenLimit
    guard promptTokens.count == count, responseTokens.allSatisfy({ $0.count == count }),
      predictedTokens.count == responseTokens.count, predictedTokens.allSatisfy({ $0.count == count })
    else {
      throw RouteProblems.setting("lists of different lengths", "as many prompts and responses as arrivals")
    }
    var before = 0.0
    for place in 0..<count {
      guard arrivalSeconds[place] >= before, arrivalSeconds[place].isFinite else {
        throw RouteProblems.setting(
          "request \(place) arrives at \(arrivalSeconds[place]) s", "arrivals from 0 on, in their order")
      }
      before = arrivalSeconds[place]
      guard tokens.contains(promptTokens[place]), responseTokens.allSatisfy({ tokens.contains($0[place]) }) else {
        throw RouteProblems.setting(
          "request \(place) has a prompt or a response of no tokens", "1 to \(Self.tokenLimit) tokens")
      }
      guard predictedTokens.allSatisfy({ $0[place].isFinite && $0[place] >= 0 }) else {
        throw RouteProblems.setting("request \(place) has a predicted length that is no length", "a number from 0 on")
      }
    }
  }
}

extension RouteWorkload {
  /// The requests over and over, `requests` of them; all arrive at once.
  func repeated(to requests: Int) -> RouteWorkload {
    func cycle<T>(_ values: [T]) -> [T] { (0..<requests).map { values[$0 % values.count] } }
    return RouteWorkload(
      arrivals: Array(repeating: 0, count: requests), prompts: cycle(promptTokens),
      responses: responseTokens.map(cycle),
      predictions: predictedTokens.map(cycle))
  }
}

extension RouteWorkload {
  /// The same requests with the lengths of some of the configurations, given by their places.
  public func choosing(methods: [Int]) -> RouteWorkload {
    let known = methods.filter(responseTokens.indices.contains)
    return RouteWorkload(
      arrivals: arrivalSeconds, prompts: promptTokens, responses: known.map { responseTokens[$0] },
      predictions: known.map { predictedTokens[$0] })
  }
}
