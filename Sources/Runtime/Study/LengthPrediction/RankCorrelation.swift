/// Spearman's rank correlation, ties sharing their mean rank.
public enum RankCorrelation {
  /// From -1 to 1; nil for fewer than two pairs or if one side is all alike.
  public static func spearman(_ first: [Double], _ second: [Double]) -> Double? {
    let count = min(first.count, second.count)
    guard count > 1 else { return nil }
    let (a, b) = (ranks(Array(first.prefix(count))), ranks(Array(second.prefix(count))))
    let middle = Double(count + 1) / 2
    var (product, left, right) = (0.0, 0.0, 0.0)
    for (x, y) in zip(a, b) {
      product += (x - middle) * (y - middle)
      left += (x - middle) * (x - middle)
      right += (y - middle) * (y - middle)
    }
    guard left > 0, right > 0 else { return nil }
    return product / (left * right).squareRoot()
  }

  /// Places from 1 in ascending order.
  static func ranks(_ values: [Double]) -> [Double] {
    let order = values.indices.sorted { values[$0] < values[$1] }
    var ranks = [Double](repeating: 0, count: values.count)
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, values[order[end]] == values[order[start]] { end += 1 }
      for place in start..<end { ranks[order[place]] = Double(start + 1 + end) / 2 }
      start = end
    }
    return ranks
  }
}
