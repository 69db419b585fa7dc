/// One measured figure.
struct BenchRow {
  let set: String
  let what: String
  let threads: Int
  /// 1e9 bytes a second, where bytes are what limits.
  var gigabytesPerSecond: Double?
  /// 1e9 operations a second; a multiply-add is two.
  var gigaoperationsPerSecond: Double?

  static let header = "set,what,threads,gb_s,gop_s"

  var line: String {
    func cell(_ number: Double?) -> String { number.map { "\(($0 * 100).rounded() / 100)" } ?? "" }
    return "\(set),\(what),\(threads),\(cell(gigabytesPerSecond)),\(cell(gigaoperationsPerSecond))"
  }
}
