/// The cells of one column, stored by type; `nil` is a missing cell.
public enum ColumnData: Sendable {
  case ints([Int?])
  case floats([Double?])
  case strings([String?])
  case bools([Bool?])
  /// Cells of mixed or other types; `.nil` is missing.
  case values([Value])

  /// Picks the narrowest storage that keeps every value as it is; whole numbers among floats become floats.
  public init(_ values: [Value]) {
    // One bit a kind: a set costs more than the rest.
    var kinds = 0
    for value in values {
      switch value {
      case .nil: break
      case .int: kinds |= 1
      case .float: kinds |= 2
      case .string: kinds |= 4
      case .bool: kinds |= 8
      default: kinds |= 16
      }
    }
    switch kinds {
    case 1: self = .ints(values.map { if case .int(let number) = $0 { number } else { nil } })
    case 2, 3:
      self = .floats(
        values.map {
          switch $0 {
          case .float(let number): number
          case .int(let number): Double(number)
          default: nil
          }
        })
    case 4: self = .strings(values.map { if case .string(let text) = $0 { text } else { nil } })
    case 8: self = .bools(values.map { if case .bool(let flag) = $0 { flag } else { nil } })
    default: self = .values(values)
    }
  }

  public var count: Int {
    switch self {
    case .ints(let cells): cells.count
    case .floats(let cells): cells.count
    case .strings(let cells): cells.count
    case .bools(let cells): cells.count
    case .values(let cells): cells.count
    }
  }

  /// The cell at a row that exists.
  public subscript(row: Int) -> Value {
    switch self {
    case .ints(let cells): cells[row].map { .int($0) } ?? .nil
    case .floats(let cells): cells[row].map { .float($0) } ?? .nil
    case .strings(let cells): cells[row].map { .string($0) } ?? .nil
    case .bools(let cells): cells[row].map { .bool($0) } ?? .nil
    case .values(let cells): cells[row]
    }
  }

  public var values: [Value] { (0..<count).map { self[$0] } }

  /// Numbers as floats, missing and other cells as nil.
  public var numbers: [Double?] {
    switch self {
    case .ints(let cells): cells.map { $0.map(Double.init) }
    case .floats(let cells): cells
    case .values(let cells):
      cells.map {
        switch $0 {
        case .int(let number): Double(number)
        case .float(let number): number
        default: nil
        }
      }
    case .strings(let cells): cells.map { _ in nil }
    case .bools(let cells): cells.map { _ in nil }
    }
  }

  /// Cuts the column or fills it with missing cells.
  public mutating func resize(to rows: Int) {
    func fit<T>(_ cells: [T], _ missing: T) -> [T] {
      cells.count >= rows
        ? Array(cells.prefix(rows)) : cells + Array(repeating: missing, count: rows - cells.count)
    }
    guard count != rows else { return }
    switch self {
    case .ints(let cells): self = .ints(fit(cells, nil))
    case .floats(let cells): self = .floats(fit(cells, nil))
    case .strings(let cells): self = .strings(fit(cells, nil))
    case .bools(let cells): self = .bools(fit(cells, nil))
    case .values(let cells): self = .values(fit(cells, .nil))
    }
  }

  /// The cells at these rows; rows outside the column are missing.
  public func gather(_ indices: [Int]) -> ColumnData {
    func pick<T>(_ cells: [T], _ missing: T) -> [T] {
      indices.map { $0 >= 0 && $0 < cells.count ? cells[$0] : missing }
    }
    switch self {
    case .ints(let cells): return .ints(pick(cells, nil))
    case .floats(let cells): return .floats(pick(cells, nil))
    case .strings(let cells): return .strings(pick(cells, nil))
    case .bools(let cells): return .bools(pick(cells, nil))
    case .values(let cells): return .values(pick(cells, .nil))
    }
  }
}
