/// The requests of one forward: prompts or parts of them, and requests that decode one token each.
public struct ForwardBatch: Sendable, Equatable {
  /// New tokens of each prefill, and the tokens cached before them.
  public var prefills: [(chunk: Int, cached: Int)] = []
  /// Tokens cached of each decoding request.
  public var decodes: [Int] = []

  public init() {}

  /// `batch` prompts of `tokens` tokens, all new.
  public static func prefill(batch: Int, tokens: Int) -> ForwardBatch {
    var forward = ForwardBatch()
    forward.prefills = Array(repeating: (tokens, 0), count: max(0, batch))
    return forward
  }

  /// One token each of `batch` requests that have `cached` tokens.
  public static func decode(batch: Int, cached: Int) -> ForwardBatch {
    var forward = ForwardBatch()
    forward.decodes = Array(repeating: cached, count: max(0, batch))
    return forward
  }

  public static func == (a: ForwardBatch, b: ForwardBatch) -> Bool {
    a.decodes == b.decodes && a.prefills.elementsEqual(b.prefills, by: ==)
  }

  public var newTokens: Int { prefills.reduce(decodes.count) { $0 + $1.chunk } }
}

/// What a forward is to the regressors. Source: Vidur's batch features; sheet throughput-predictor.
public struct ForwardFeatures: Sendable, Equatable {
  /// New tokens, rounded by the rules.
  public var tokens: Int
  /// Decoding requests and the mean of their cached tokens, rounded by the rules; nil without any.
  public var decode: (batch: Int, cached: Int)?
  /// The prompts as one: root of the sum of squares of their chunks, sum of their rounded cached tokens.
  public var prefill: (chunk: Int, cached: Int)?

  public init(_ batch: ForwardBatch, _ rules: ForwardRules = .vidur) {
    tokens = min(Self.up(batch.newTokens, to: rules.tokenStep), rules.tokenLimit)
    if !batch.decodes.isEmpty {
      let mean = batch.decodes.reduce(0, +) / batch.decodes.count
      decode = (batch.decodes.count, Self.up(mean, to: rules.cachedStep))
    }
    if !batch.prefills.isEmpty {
      let squares = batch.prefills.reduce(0.0) { $0 + Double($1.chunk) * Double($1.chunk) }
      prefill = (
        Int(squares.squareRoot().rounded(.toNearestOrEven)),
        batch.prefills.reduce(0) { $0 + Self.up($1.cached, to: rules.cachedStep) }
      )
    }
  }

  static func up(_ number: Int, to step: Int) -> Int { (number + step - 1) / step * step }

  public static func == (a: ForwardFeatures, b: ForwardFeatures) -> Bool {
    a.tokens == b.tokens && a.decode?.batch == b.decode?.batch && a.decode?.cached == b.decode?.cached
      && a.prefill?.chunk == b.prefill?.chunk && a.prefill?.cached == b.prefill?.cached
  }
}
