/// The value of a number with a unit: `4Ki` is a count, `64MiB` a size in bytes.
enum NumberLiteral {
  static let counts: [String: Int] = ["Ki": 1 << 10, "Mi": 1 << 20, "Gi": 1 << 30, "k": 1_000]
  static let sizes: [String: Int] = [
    "B": 1, "kB": 1_000, "MB": 1_000_000, "GB": 1_000_000_000, "KiB": 1 << 10, "MiB": 1 << 20, "GiB": 1 << 30,
    "TiB": 1 << 40,
  ]

  /// Nil for an unknown unit and for a number beyond 64 bits.
  static func value(digits: String, isFloat: Bool, unit: String) -> Value? {
    if unit.isEmpty {
      if isFloat { return Double(digits).flatMap { $0.isFinite ? .float($0) : nil } }
      return Int(digits).map { .int($0) }
    }
    let isSize = sizes[unit] != nil
    guard let factor = counts[unit] ?? sizes[unit] else { return nil }
    let total: Int
    if let whole = Int(digits) {
      let (product, overflow) = whole.multipliedReportingOverflow(by: factor)
      if overflow { return nil }
      total = product
    } else {
      guard let number = Double(digits), let exact = Int(exactly: (number * Double(factor)).rounded()) else {
        return nil
      }
      total = exact
    }
    return isSize ? .bytes(total) : .int(total)
  }
}
