extension Table {
  /// Rows with equal values in these columns, in order of first appearance.
  public func groups(by columns: [Int]) -> [[Int]] { groups(by: columns) {} }

  /// Rows with equal values in these columns, in order of first appearance.
  ///
  /// - Throws: what `check` throws, which is asked every few thousand rows.
  public func groups(by columns: [Int], check: () throws -> Void) rethrows -> [[Int]] {
    guard let first = columns.first else { return [Array(0..<rowCount)] }
    var (codes, count) = try self.columns[first].data.codes(check)
    for column in columns.dropFirst() {
      let (more, width) = try self.columns[column].data.codes(check)
      try check()
      (codes, count) = Self.joined(codes, count, more, width)
    }
    var sizes = [Int](repeating: 0, count: count)
    for code in codes { sizes[code] += 1 }
    var groups = sizes.map { size -> [Int] in
      var group: [Int] = []
      group.reserveCapacity(size)
      return group
    }
    for (row, code) in codes.enumerated() { groups[code].append(row) }
    return groups
  }

  /// One number for every pair of numbers, counted by first appearance.
  private static func joined(_ left: [Int], _ leftCount: Int, _ right: [Int], _ rightCount: Int) -> ([Int], Int) {
    // Counts are at most the number of rows, far below half of 64 bits.
    var places: [Int: Int] = [:]
    let codes = left.indices.map { row in
      let pair = left[row] &* rightCount &+ right[row]
      if let place = places[pair] { return place }
      places[pair] = places.count
      return places.count - 1
    }
    return (codes, places.count)
  }
}

extension ColumnData {
  /// A number for every cell, equal where the cells are, counted by first appearance; and how many there are.
  func codes(_ check: () throws -> Void) rethrows -> (codes: [Int], count: Int) {
    switch self {
    case .ints(let cells): try Self.codes(cells, check)
    case .strings(let cells): try Self.codes(cells, check)
    case .bools(let cells): try Self.codes(cells, check)
    // A group of NaN is one group.
    case .floats(let cells): try Self.codes(cells.map { ValueKey(value: $0.map { .float($0) } ?? .nil) }, check)
    case .values(let cells): try Self.codes(cells.map { ValueKey(value: $0) }, check)
    }
  }

  private static func codes<Cell: Hashable>(
    _ cells: [Cell], _ check: () throws -> Void
  ) rethrows -> (codes: [Int], count: Int) {
    var places: [Cell: Int] = [:]
    var previous: (cell: Int, code: Int)?
    var codes: [Int] = []
    codes.reserveCapacity(cells.count)
    for (row, cell) in cells.enumerated() {
      if row & 0xFFFF == 0 { try check() }
      // Rows of a group often follow each other.
      if let previous, cells[previous.cell] == cell {
        codes.append(previous.code)
        continue
      }
      let code: Int
      if let place = places[cell] {
        code = place
      } else {
        code = places.count
        places[cell] = code
      }
      codes.append(code)
      previous = (row, code)
    }
    return (codes, places.count)
  }
}
