/// Predicts the time of one forward of any batch from a profile of one layer.
///
/// t_forward = layers (operators + attention) + what comes once a forward. Source: Vidur's execution time; sheet
/// throughput-predictor.
public struct ForwardPredictor: Sendable {
  public let layers: Int
  /// Models with fewer KV heads than query heads take this many times longer in attention when several requests run.
  public let groupedAttentionFactor: Double
  /// The most cached tokens a request has: evicting methods hold no more, however long it is. nil holds all.
  public let cacheLimitTokens: Int?
  private let regressors: TimeRegressors
  public let rules: ForwardRules
  /// Milliseconds of a layer's operators, and of what comes once a forward, by new tokens over the rules' step; empty where
  /// there are too many steps to write down.
  private let operatorTable: [Double]
  private let forwardTable: [Double]

  public init(
    _ profile: LayerProfile, regression: TimeRegression = .table, cacheLimitTokens: Int? = nil,
    groupedAttentionFactor: Double = 1, rules: ForwardRules = .vidur
  ) {
    self.rules = rules
    layers = profile.layers
    self.cacheLimitTokens = cacheLimitTokens
    self.groupedAttentionFactor = groupedAttentionFactor
    regressors = TimeRegressors(profile, regression)
    let steps = rules.tokenLimit / rules.tokenStep
    let counts = steps > 4_096 ? [] : (0...steps).map { $0 * rules.tokenStep }
    operatorTable = counts.map(regressors.layerMilliseconds(tokens:))
    forwardTable = counts.map(regressors.forwardMilliseconds(tokens:))
  }

  /// Milliseconds of one layer's attention.
  public func attentionMilliseconds(_ batch: ForwardBatch) -> Double {
    let features = ForwardFeatures(limited(batch), rules)
    var time = 0.0
    if let decode = features.decode {
      time += regressors.decodeMilliseconds(batch: decode.batch, cached: decode.cached)
    }
    if let prefill = features.prefill {
      time += regressors.prefillMilliseconds(chunk: prefill.chunk, cached: prefill.cached)
    }
    let requests = batch.decodes.count + batch.prefills.count
    return requests > 1 ? time * groupedAttentionFactor : time
  }

  /// Milliseconds of everything else in one layer.
  public func operatorMilliseconds(_ batch: ForwardBatch) -> Double {
    operatorMilliseconds(tokens: ForwardFeatures(batch, rules).tokens)
  }

  /// Milliseconds of the whole forward; 0 for an empty batch.
  public func milliseconds(_ batch: ForwardBatch) -> Double {
    let tokens = ForwardFeatures(batch, rules).tokens
    guard tokens > 0 else { return 0 }
    let layer = operatorMilliseconds(tokens: tokens) + attentionMilliseconds(batch)
    return Double(layers) * layer + forwardMilliseconds(tokens: tokens)
  }

  /// Milliseconds of a decode step of `batch` requests with `cached` tokens on average: `milliseconds` without a list.
  func decodeMilliseconds(batch: Int, cached: Int) -> Double {
    let held = ForwardFeatures.up(cacheLimitTokens.map { min(cached, $0) } ?? cached, to: rules.cachedStep)
    let attention = regressors.decodeMilliseconds(batch: batch, cached: held)
    let tokens = min(ForwardFeatures.up(batch, to: rules.tokenStep), rules.tokenLimit)
    let layer = operatorMilliseconds(tokens: tokens) + (batch > 1 ? attention * groupedAttentionFactor : attention)
    return Double(layers) * layer + forwardMilliseconds(tokens: tokens)
  }

  /// By rounded tokens.
  private func operatorMilliseconds(tokens: Int) -> Double {
    operatorTable.isEmpty ? regressors.layerMilliseconds(tokens: tokens) : operatorTable[tokens / rules.tokenStep]
  }

  private func forwardMilliseconds(tokens: Int) -> Double {
    forwardTable.isEmpty ? regressors.forwardMilliseconds(tokens: tokens) : forwardTable[tokens / rules.tokenStep]
  }

  private func limited(_ batch: ForwardBatch) -> ForwardBatch {
    guard let limit = cacheLimitTokens else { return batch }
    var batch = batch
    batch.decodes = batch.decodes.map { min($0, limit) }
    return batch
  }
}
