/// A metadata value of a GGUF file, with the thirteen stored types folded into the ones that differ in use.
public enum GGUFValue: Equatable, Sendable {
  /// int8, int16, int32, int64, uint8, uint16, uint32, and every uint64 that fits.
  case integer(Int64)
  /// A uint64 above the largest signed number.
  case unsigned(UInt64)
  /// float32 (exactly) or float64.
  case float(Double)
  case bool(Bool)
  case string(String)
  case integers([Int64])
  case floats([Double])
  case bools([Bool])
  case strings([String])
  /// An array of arrays, or of uint64 with a value above the largest signed number.
  case array([GGUFValue])

  /// What messages call the type.
  public var typeName: String {
    switch self {
    case .integer, .unsigned: "an integer"
    case .float: "a float"
    case .bool: "a bool"
    case .string: "a string"
    case .integers: "an array of integers"
    case .floats: "an array of floats"
    case .bools: "an array of bools"
    case .strings: "an array of strings"
    case .array: "an array of arrays"
    }
  }
}

/// The type tags of metadata values (gguf.md, `gguf_metadata_value_type`).
enum GGUFValueTag: UInt32 {
  case uint8 = 0
  case int8, uint16, int16, uint32, int32, float32, bool, string, array, uint64, int64, float64

  /// The fewest bytes a value of the type takes: an empty string is its length, an empty array its tag and count.
  var leastBytes: Int {
    switch self {
    case .uint8, .int8, .bool: 1
    case .uint16, .int16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64, .string: 8
    case .array: 12
    }
  }
}
