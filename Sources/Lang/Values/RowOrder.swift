/// The order of rows by columns of keys: equal rows keep theirs, missing values come last whatever the direction.
struct RowOrder {
  /// Rows so far.
  private(set) var rows: [Int]
  private let descending: Bool
  /// Asked between steps of a few milliseconds; what it throws ends the work.
  private let check: () throws -> Void

  /// Row numbers in order of the keys, the first key first.
  ///
  /// - Throws: what `check` throws.
  static func rows(
    _ keys: [ColumnData], count: Int, descending: Bool = false, check: () throws -> Void
  ) throws -> [Int] {
    try withoutActuallyEscaping(check) { check in
      var order = RowOrder(rows: Array(0..<count), descending: descending, check: check)
      // Stable passes from the last key on come to the order by all of them.
      for key in keys.reversed() { try order.sort(by: key) }
      return order.rows
    }
  }

  private mutating func sort(by column: ColumnData) throws {
    guard let keys = try SortKeys(column, check: check) else { return try compare(column.values) }
    var present: [(key: UInt64, row: Int)] = []
    present.reserveCapacity(rows.count)
    var notNumbers: [Int] = []
    var missing: [Int] = []
    for row in rows {
      switch keys.kind(row) {
      case .present: present.append((descending ? ~keys.codes[row] : keys.codes[row], row))
      case .notANumber: notNumbers.append(row)
      case .missing: missing.append(row)
      }
    }
    try check()
    try Self.radix(&present, check)
    rows = present.map(\.row) + (descending ? missing + notNumbers : notNumbers + missing)
  }

  /// Stable, byte by byte from the lowest; bytes that all keys share are passed over.
  private static func radix(_ items: inout [(key: UInt64, row: Int)], _ check: () throws -> Void) throws {
    guard items.count > 1 else { return }
    var counts = [Int](repeating: 0, count: 8 * 256)
    for item in items {
      for byte in 0..<8 { counts[byte << 8 | Int(item.key >> UInt64(byte * 8) & 0xFF)] += 1 }
    }
    var target = items
    for byte in 0..<8 {
      let places = counts[byte << 8..<(byte + 1) << 8]
      if places.contains(items.count) { continue }
      try check()
      var next: [Int] = []
      var sum = 0
      for count in places {
        next.append(sum)
        sum += count
      }
      for item in items {
        let digit = Int(item.key >> UInt64(byte * 8) & 0xFF)
        target[next[digit]] = item
        next[digit] += 1
      }
      swap(&items, &target)
    }
  }

  /// Of values that have no keys: mixed ones, lists.
  private mutating func compare(_ values: [Value]) throws {
    var compared = 0
    let places = try rows.indices.sorted { left, right in
      compared &+= 1
      if compared & 0xFFF == 0 { try check() }
      let (a, b) = (values[rows[left]], values[rows[right]])
      if a.isMissing != b.isMissing { return b.isMissing }
      if Value.sortsBefore(a, b) { return !descending }
      if Value.sortsBefore(b, a) { return descending }
      return left < right
    }
    rows = places.map { rows[$0] }
  }
}
