/// Which outliers of a token's keys stay exact if only so many may at each end: those farthest out (sheet kvquant,
/// cap_outliers).
struct OutlierCap {
  /// Outliers above the upper threshold that may stay, and as many below the lower one.
  let most: Int

  /// An outlier of one token.
  struct Candidate {
    /// Its channel among those of all heads.
    let channel: Int
    /// Where it lies when thresholds are at -1 and 1; infinite in a channel without a range.
    let normalised: Float
  }

  /// Channels of those that stay, ascending; of equally far ones the lower channels.
  func kept(_ candidates: [Candidate]) -> [Int] {
    let ends = [candidates.filter { $0.normalised > 0 }, candidates.filter { !($0.normalised > 0) }]
    return ends.flatMap { end in
      end.sorted { first, second in
        let (near, far) = (abs(second.normalised), abs(first.normalised))
        return far == near ? first.channel < second.channel : far > near
      }
      .prefix(max(0, most)).map(\.channel)
    }.sorted()
  }
}
