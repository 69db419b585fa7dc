/// The type of a value, for signatures, checks and messages.
public indirect enum ValueType: Hashable, Sendable {
  case `nil`, bool, int, float, string, record, table, range, function, share, bytes, any
  /// A whole number or a float.
  case number
  case list(of: ValueType)
  /// A host type by its `typeName`.
  case object(String)
  case union([ValueType])

  /// A list of anything.
  public static var list: ValueType { .list(of: .any) }
}

extension ValueType {
  /// Human name with its article left out: `whole number`, `list of config`, `table or nothing`.
  public var name: String {
    switch self {
    case .nil: "nothing"
    case .bool: "true or false"
    case .int: "whole number"
    case .float, .number: "number"
    case .string: "string"
    case .record: "record"
    case .table: "table"
    case .range: "range"
    case .function: "function"
    case .share: "share"
    case .bytes: "size in bytes"
    case .any: "any value"
    case .list(let element): element == .any ? "list" : "list of \(element.name)"
    case .object(let name): name
    case .union(let types):
      switch types.count {
      case 0: "nothing"
      case 1: types[0].name
      default: types.dropLast().map(\.name).joined(separator: ", ") + " or " + types[types.count - 1].name
      }
    }
  }
}
