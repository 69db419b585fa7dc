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
  /// Milliseconds of a layer's operators, and of what comes once a forward, by new tokens over `tokenStep`.
  private let operatorTable: [Double]
  private let forwardTable: [Double]

  public init(
    _ profile: LayerProfile, regression: TimeRegression = .table, cacheLimitTokens: Int? = nil,
    groupedAttentionFactor: Double = 1
  ) {
    layers = profile.layers
    self.cacheLimitTokens = cacheLimitTokens
    self.groupedAttentionFactor = groupedAttentionFactor
    regressors = TimeRegressors(profile, regression)
    let counts = stride(from: 0, through: ForwardFeatures.tokenLimit, by: ForwardFeatures.tokenStep)
    operatorTable = counts.map(regressors.layerMilliseconds(tokens:))
    forwardTable = counts.map(regressors.forwardMilliseconds(tokens:))
  }

  /// Milliseconds of one layer's attention.
  public func attentionMilliseconds(_ batch: ForwardBatch) -> Double {
    let features = ForwardFeatures(limited(batch))
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
    operatorTable[ForwardFeatures(batch).tokens / ForwardFeatures.tokenStep]
  }

  /// Milliseconds of the whole forward; 0 for an empty batch.
  public func milliseconds(_ batch: ForwardBatch) -> Double {
    let tokens = ForwardFeatures(batch).tokens
    guard tokens > 0 else { return 0 }
    let layer = operatorMilliseconds(batch) + attentionMilliseconds(batch)
    return Double(layers) * layer + forwardTable[tokens / ForwardFeatures.tokenStep]
  }

  /// Milliseconds of a decode step of `batch` requests with `cached` tokens on average: `milliseconds` without a list.
  func decodeMilliseconds(batch: Int, cached: Int) -> Double {
    let held = ForwardFeatures.up(cacheLimitTokens.map { min(cached, $0) } ?? cached, to: ForwardFeatures.granularity)
    let attention = regressors.decodeMilliseconds(batch: batch, cached: held)
    let tokens = min(ForwardFeatures.up(batch, to: ForwardFeatures.tokenStep), ForwardFeatures.tokenLimit)
    let place = tokens / ForwardFeatures.tokenStep
    let layer = operatorTable[place] + (batch > 1 ? attention * groupedAttentionFactor : attention)
    return Double(layers) * layer + forwardTable[place]
  }

  private func limited(_ batch: ForwardBatch) -> ForwardBatch {
    guard let limit = cacheLimitTokens else { return batch }
    var batch = batch
    batch.decodes = batch.decodes.map { min($0, limit) }
    return batch
  }
}
