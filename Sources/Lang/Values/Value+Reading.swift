extension Value {
  /// The type of the value; a list is a list of anything.
  public var type: ValueType {
    switch self {
    case .nil: .nil
    case .bool: .bool
    case .int: .int
    case .float: .float
    case .string: .string
    case .list: .list
    case .record: .record
    case .table: .table
    case .range: .range
    case .function: .function
    case .share: .share
    case .bytes: .bytes
    case .object(let object): .object(object.typeName)
    }
  }

  /// The whole number, also from a float without a fraction.
  public var asInt: Int? {
    switch self {
    case .int(let number): number
    case .float(let number): Int(exactly: number)
    default: nil
    }
  }

  public var asDouble: Double? {
    switch self {
    case .int(let number): Double(number)
    case .float(let number): number
    default: nil
    }
  }
}
