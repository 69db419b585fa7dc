/// Cuts a prompt that is longer than the context in its middle, as LongBench's `pred.py` does.
public enum MiddleTruncation {
  /// Which ids stay: the first `limit / 2` and the last `limit / 2` (an odd limit keeps one token fewer).
  ///
  /// LongBench's own slice `ids[-half:]` keeps everything when `half` is 0; a limit of 1 keeps the last token here.
  public static func keptRanges(count: Int, limit: Int) -> (head: Range<Int>, tail: Range<Int>) {
    let count = max(0, count)
    guard count > limit else { return (0..<count, count..<count) }
    guard limit > 1 else { return (0..<0, (count - max(0, limit))..<count) }
    let half = limit / 2
    return (0..<half, (count - half)..<count)
  }

  /// The ids that stay, in order.
  public static func truncateMiddle<ID>(_ ids: [ID], limit: Int) -> [ID] {
    let (head, tail) = keptRanges(count: ids.count, limit: limit)
    return Array(ids[head]) + ids[tail]
  }
}
