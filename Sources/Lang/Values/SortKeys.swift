/// A whole number for every cell of a column, in the order of the cells.
struct SortKeys {
  enum Kind { case present, notANumber, missing }

  /// 0 where the cell is missing or not a number.
  let codes: [UInt64]
  /// The rows that are, in order; most columns have none.
  private let odd: [Int: Kind]

  func kind(_ row: Int) -> Kind { odd.isEmpty ? .present : odd[row] ?? .present }

  /// Nil for cells of several kinds, and for kinds whose order is not one of numbers or texts.
  ///
  /// - Throws: what `check` throws.
  init?(_ column: ColumnData, check: () throws -> Void) throws {
    switch column {
    case .ints(let cells): self.init(cells) { Self.code($0) }
    case .floats(let cells): self.init(cells, Self.code)
    case .bools(let cells): self.init(cells) { $0 ? 1 : 0 }
    case .strings(let cells): try self.init(texts: cells, check)
    case .values(let values):
      if let shares = Self.all(values, { if case .share(let share) = $0 { share } else { nil } }) {
        self.init(shares, Self.code)
      } else if let bytes = Self.all(values, { if case .bytes(let bytes) = $0 { bytes } else { nil } }) {
        self.init(bytes) { Self.code($0) }
      } else {
        return nil
      }
    }
  }

  /// - Parameter code: nil for NaN.
  private init<Cell>(_ cells: [Cell?], _ code: (Cell) -> UInt64?) {
    var odd: [Int: Kind] = [:]
    codes = cells.indices.map { row in
      guard let cell = cells[row] else {
        odd[row] = .missing
        return 0
      }
      guard let code = code(cell) else {
        odd[row] = .notANumber
        return 0
      }
      return code
    }
    self.odd = odd
  }

  /// Texts by their place among the different ones, so that each of those is compared only once.
  private init(texts: [String?], _ check: () throws -> Void) throws {
    let (groups, count) = try ColumnData.strings(texts).codes(check)
    var examples = [Int](repeating: 0, count: count)
    for (row, group) in groups.enumerated().reversed() { examples[group] = row }
    var compared = 0
    let order = try (0..<count).sorted { left, right in
      compared &+= 1
      if compared & 0xFFF == 0 { try check() }
      return (texts[examples[left]] ?? "") < (texts[examples[right]] ?? "")
    }
    var places = [UInt64](repeating: 0, count: count)
    for (place, group) in order.enumerated() { places[group] = UInt64(place) }
    self.init(texts.indices.map { texts[$0] == nil ? nil : places[groups[$0]] }) { $0 }
  }

  private static func code(_ number: Int) -> UInt64 { UInt64(bitPattern: Int64(number)) ^ 1 << 63 }

  /// Nil for NaN; both zeros have one code.
  private static func code(_ number: Double) -> UInt64? {
    guard !number.isNaN else { return nil }
    let bits = (number == 0 ? 0 : number).bitPattern
    return bits >> 63 == 0 ? bits | 1 << 63 : ~bits
  }

  /// The cells if all that are not missing are of one kind.
  private static func all<Cell>(_ values: [Value], _ cell: (Value) -> Cell?) -> [Cell?]? {
    var cells: [Cell?] = []
    cells.reserveCapacity(values.count)
    for value in values {
      if case .nil = value {
        cells.append(nil)
      } else if let found = cell(value) {
        cells.append(found)
      } else {
        return nil
      }
    }
    return cells
  }
}
