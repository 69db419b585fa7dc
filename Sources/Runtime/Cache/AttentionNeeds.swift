/// Statistics of attention that a method asks for; nothing is computed unasked.
public struct AttentionNeeds: Equatable, Sendable {
  /// Per key, the attention weights of the prompt's queries summed (mean over the group's query heads).
  public enum ColumnSums: Equatable, Sendable {
    /// The weights that attention itself used.
    case causal
    /// Weights over all keys, later ones too, the mask applied in the last `window` rows and columns only.
    case cornerMasked(window: Int)
  }

  /// Mean and covariance of the prompt's queries as projected, before they are turned to their positions.
  public struct QueryMoments: Equatable, Sendable {
    /// First tokens of the text that are left out: sinks are outliers.
    public let sink: Int
    public let covariance: Bool

    public init(sink: Int, covariance: Bool) {
      self.sink = sink
      self.covariance = covariance
    }
  }

  public var columnSums: ColumnSums?
  /// Per key, the weights of each decode step's query, one number for the group's query heads.
  public var stepWeights = false
  /// How a group's query heads become one weight in `stepWeights`.
  public var stepRule = GroupRule.mean
  /// The last so many queries of the prompt, as turned to their positions; 0 for none.
  public var windowQueries = 0
  public var queryMoments: QueryMoments?
  /// Per channel, the largest magnitude of the prompt's queries as turned to their positions, over a KV head's group.
  public var queryMaxima = false

  public init(
    columnSums: ColumnSums? = nil, stepWeights: Bool = false, stepRule: GroupRule = .mean, windowQueries: Int = 0,
    queryMoments: QueryMoments? = nil, queryMaxima: Bool = false
  ) {
    self.columnSums = columnSums
    self.stepWeights = stepWeights
    self.stepRule = stepRule
    self.windowQueries = windowQueries
    self.queryMoments = queryMoments
    self.queryMaxima = queryMaxima
  }

  /// What both ask for; the first one's column sums, rule and moments where both have some.
  func union(_ other: AttentionNeeds) -> AttentionNeeds {
    AttentionNeeds(
      columnSums: columnSums ?? other.columnSums, stepWeights: stepWeights || other.stepWeights,
      stepRule: stepWeights ? stepRule : other.stepRule, windowQueries: max(windowQueries, other.windowQueries),
      queryMoments: queryMoments ?? other.queryMoments, queryMaxima: queryMaxima || other.queryMaxima)
  }

  /// Whether the two ask for one statistic in two ways, so that no single run can serve both.
  func contradicts(_ other: AttentionNeeds) -> Bool {
    if let columnSums, let theirs = other.columnSums, columnSums != theirs { return true }
    if let queryMoments, let theirs = other.queryMoments, queryMoments != theirs { return true }
    return stepWeights && other.stepWeights && stepRule != other.stepRule
  }

  /// Whether a head's statistics are its own, so that heads cannot share one table.
  var isPerHead: Bool { columnSums != nil }
}
