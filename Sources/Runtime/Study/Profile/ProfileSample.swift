/// One timed forward of a visit: prompts one behind the other, or the mean of a few steps.
public struct ProfileSample: Sendable, Equatable {
  public var stage: MeasuredThroughput.Stage
  public var batch: Int
  /// The length of the grid it belongs to.
  public var length: Int
  /// Tokens of each prompt; in decode the mean of those cached.
  public var tokens: Int
  public var seconds: Double
  /// Attention's part, and what a method adds to it: ranking, choosing, packing.
  public var attentionSeconds: Double

  public init(
    stage: MeasuredThroughput.Stage, batch: Int, length: Int, tokens: Int, seconds: Double, attentionSeconds: Double
  ) {
    self.stage = stage
    self.batch = batch
    self.length = length
    self.tokens = tokens
    self.seconds = seconds
    self.attentionSeconds = attentionSeconds
  }
}

/// What one visit of a length found.
public struct ProfileVisit: Sendable, Equatable {
  public var samples: [ProfileSample]
  /// Bytes that one sequence holds behind its prompt.
  public var heldBytes: Int

  public init(samples: [ProfileSample], heldBytes: Int) {
    self.samples = samples
    self.heldBytes = heldBytes
  }
}
