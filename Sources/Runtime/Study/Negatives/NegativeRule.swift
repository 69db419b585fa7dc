/// What makes a sample benign and what makes it negative.
public struct NegativeRule: Sendable, Equatable {
  /// Which samples the uncompressed model is good at, so that a low score under compression is the compressor's doing.
  public enum Benign: Sendable, Equatable {
    /// At least the mean of the baseline over the sample's task: the paper, footnote 2.
    case mean
    /// At least the median: the script of figure 6.
    case median
    /// Every sample.
    case all
    /// At least this score.
    case floor(Double)
  }

  public var benign: Benign
  /// Whether a score at the bound is negative already, as in the artifact's scripts.
  public var takesBound: Bool
  /// Tasks whose samples count twice: the artifact's list for figure 6 names passage_count twice.
  public var doubled: Set<String>

  public init(benign: Benign = .mean, takesBound: Bool = false, doubled: Set<String> = []) {
    self.benign = benign
    self.takesBound = takesBound
    self.doubled = doubled
  }

  /// Algorithm 1 as the paper states it: p < (1 - theta) p_base, benign by the task's mean.
  public static let paper = NegativeRule()
  /// What the artifact's `0_ratio_vs_no_negative.py` computes and figure 6 shows.
  public static let figure6 = NegativeRule(benign: .median, takesBound: true, doubled: ["passage_count"])

  /// The bound is taken in IEEE doubles as written, without an allowance: one of 1e-9 would change counts.
  func isNegative(_ score: Double, baseline: Double, theta: Double) -> Bool {
    let bound = (1 - theta) * baseline
    return takesBound ? score <= bound : score < bound
  }
}
