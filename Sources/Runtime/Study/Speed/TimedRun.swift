/// What one timed piece of work took and left behind.
public struct TimedRun: Sendable {
  public let seconds: Double
  /// Tokens that went through the model in that time, all sequences together.
  public let tokens: Int
  /// Each forward of the batch: its prompts together, or one step. // [forwards]
  public let forwardSeconds: [Double]
  /// What the forwards' time went into.
  public let phases: PhaseTimes
  /// When each request was sent and answered; empty for work that is no request.
  public let requests: [RequestTimes]
  /// A call of the same requests with one new token, where the work has one.
  public let firstTokenSeconds: Double?
  /// Held by all sequences at the end.
  public let cacheBytes: ByteCount
  /// Held by all sequences at most, a prompt before it was packed or dropped included.
  public let peakBytes: Int
  /// Keys and values read by one decode step of all sequences; 0 for a prefill.
  public let readBytesPerStep: Int
  /// What attention moved in all of that time, and the most it worked in.
  public let traffic: EngineTraffic
  /// How full the pages are at the end; nil without pages.
  public let pages: PageUse?
  /// What the ranks of a split model worked; nil if it is whole.
  public let ranks: RankUse?

  public init(
    seconds: Double, tokens: Int, forwardSeconds: [Double]? = nil, phases: PhaseTimes = PhaseTimes(),
    requests: [RequestTimes] = [], firstTokenSeconds: Double? = nil, cacheBytes: ByteCount = ByteCount(),
    peakBytes: Int = 0, readBytesPerStep: Int = 0, traffic: EngineTraffic = EngineTraffic(), pages: PageUse? = nil,
    ranks: RankUse? = nil
  ) {
    self.traffic = traffic
    self.pages = pages
    self.ranks = ranks
    self.seconds = seconds
    self.tokens = tokens
    self.forwardSeconds = forwardSeconds ?? [seconds]
    self.phases = phases
    self.requests = requests
    self.firstTokenSeconds = firstTokenSeconds
    self.cacheBytes = cacheBytes
    self.peakBytes = peakBytes
    self.readBytesPerStep = readBytesPerStep
  }

  public var tokensPerSecond: Double { Double(tokens) / max(seconds, 1e-12) }

  /// The same with the time of a call with one new token beside it.
  public func beside(firstTokenSeconds: Double) -> TimedRun {
    TimedRun(
      seconds: seconds, tokens: tokens, forwardSeconds: forwardSeconds, phases: phases, requests: requests,
      firstTokenSeconds: firstTokenSeconds, cacheBytes: cacheBytes, peakBytes: peakBytes,
      readBytesPerStep: readBytesPerStep, traffic: traffic, pages: pages, ranks: ranks)
  }
}
