/// Service times out of measured throughput: the router sheet's model of a server.
///
/// Prefill: each prompt P takes P / thr(1, P), the throughput of a batch of one being linear in P. Decode: at each measured
/// batch the step's time, batch / thr, is linear in the tokens cached; between batches it is linear in the batch, and
/// beyond the largest it goes on with the slope of the last two, if that rises. Outside the measured lengths the end's
/// value holds.
public struct MeasuredServiceTimes: ServiceTimes {
  public let bytesPerToken: Double
  public let cacheLimitTokens: Int?
  private let prefillThroughput: PiecewiseLinear
  /// Seconds of a step over tokens cached, by batch, ascending.
  private let steps: [(batch: Double, seconds: PiecewiseLinear)]

  /// - Throws: K632 if there is no prefill row of batch 1, or no decode row.
  public init(_ measured: MeasuredThroughput, bytesPerToken: Double, cacheLimitTokens: Int?) throws {
    self.bytesPerToken = bytesPerToken
    self.cacheLimitTokens = cacheLimitTokens
    let prefills = measured.rows.filter { $0.stage == .prefill && $0.batch == 1 }
    let decodes = measured.rows.filter { $0.stage == .decoding }
    guard !prefills.isEmpty, !decodes.isEmpty else {
      throw RouteProblems.damaged(
        "there is no \(prefills.isEmpty ? "prefill of batch 1" : "decode") among the measured throughputs",
        "rows of both stages")
    }
    prefillThroughput = PiecewiseLinear(prefills.map { (Double($0.tokens), $0.tokensPerSecond) })
    // Rows of one batch and length are one measurement made twice: their throughputs are averaged before they are times.
    let batches = Dictionary(grouping: decodes, by: \.batch)
    steps = batches.keys.sorted().map { batch in
      let speeds = PiecewiseLinear((batches[batch] ?? []).map { (Double($0.tokens), $0.tokensPerSecond) })
      return (Double(batch), PiecewiseLinear(zip(speeds.x, speeds.y).map { ($0, Double(batch) / $1) }))
    }
  }

  public func prefillSeconds(promptTokens: [Int]) -> Double {
    promptTokens.reduce(0) { $0 + Double($1) / prefillThroughput(Double($1)) }
  }

  public func decodeSeconds(batch: Int, meanCachedTokens: Double) -> Double {
    let size = Double(batch)
    let last = steps.count - 1
    func seconds(_ place: Int) -> Double { steps[place].seconds(meanCachedTokens) }
    if size <= steps[0].batch || last == 0 { return seconds(0) }
    let above = steps.firstIndex { $0.batch >= size } ?? last
    let (low, high) = (seconds(above - 1), seconds(above))
    let slope = (high - low) / (steps[above].batch - steps[above - 1].batch)
    if size > steps[last].batch { return high + max(0, slope) * (size - steps[last].batch) }
    return low + slope * (size - steps[above - 1].batch)
  }
}
