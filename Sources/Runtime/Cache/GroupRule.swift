/// How the scores of the query heads that share a KV head become one (DESIGN 1).
public enum GroupRule: String, Sendable, CaseIterable {
  case mean
  case max
  case sum
}

extension GroupRule {
  /// One row of scores out of a group's rows [group, width].
  func reduce(_ rows: [Float], group: Int) -> [Float] {
    guard group > 1 else { return rows }
    let width = rows.count / group
    var result = Array(rows[..<width])
    for row in 1..<group {
      for index in 0..<width {
        let value = rows[row * width + index]
        result[index] = self == .max ? Swift.max(result[index], value) : result[index] + value
      }
    }
    if self == .mean { for index in 0..<width { result[index] /= Float(group) } }
    return result
  }
}
