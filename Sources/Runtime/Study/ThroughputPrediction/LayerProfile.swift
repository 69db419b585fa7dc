/// Times of one layer's parts on one machine under one configuration, from which whole forwards are predicted.
///
/// Source: Vidur (arXiv 2405.05465) and the second paper, section 5.1; sheet throughput-predictor.
public struct LayerProfile: Sendable {
  /// One measured time.
  public struct Point: Sendable, Equatable {
    /// Requests that decode together; 1 in prefill.
    public var batch: Int
    /// New tokens of the prefill chunk; 0 in decode.
    public var chunk: Int
    /// Tokens cached before.
    public var cached: Int
    public var milliseconds: Double

    public init(batch: Int, chunk: Int, cached: Int, milliseconds: Double) {
      self.batch = batch
      self.chunk = chunk
      self.cached = cached
      self.milliseconds = milliseconds
    }
  }

  /// One measured time of an operator.
  public struct TokenTime: Sendable, Equatable {
    /// New tokens.
    public var tokens: Int
    public var milliseconds: Double

    public init(tokens: Int, milliseconds: Double) {
      self.tokens = tokens
      self.milliseconds = milliseconds
    }
  }

  public var layers: Int
  /// Operators of one layer over the new tokens; an operator may be a whole group of them. // [operators][points]
  public var operators: [[TokenTime]]
  /// Work outside the layers, once a forward: empty where it was not measured. // [operators][points]
  public var perForward: [[TokenTime]]
  /// Attention of one layer in decode, every chunk 0.
  public var decode: [Point]
  /// Attention of one layer in prefill, every batch 1.
  public var prefill: [Point]

  public init(
    layers: Int, operators: [[TokenTime]], perForward: [[TokenTime]] = [], decode: [Point], prefill: [Point]
  ) {
    self.layers = layers
    self.operators = operators
    self.perForward = perForward
    self.decode = decode
    self.prefill = prefill
  }

  /// The same machine, `factor` times slower.
  public func scaled(by factor: Double) -> LayerProfile {
    func scaled(_ times: [[TokenTime]]) -> [[TokenTime]] {
      times.map { $0.map { TokenTime(tokens: $0.tokens, milliseconds: $0.milliseconds * factor) } }
    }
    func scaled(_ points: [Point]) -> [Point] {
      points.map { point in
        var point = point
        point.milliseconds *= factor
        return point
      }
    }
    return LayerProfile(
      layers: layers, operators: scaled(operators), perForward: scaled(perForward), decode: scaled(decode),
      prefill: scaled(prefill))
  }
}
