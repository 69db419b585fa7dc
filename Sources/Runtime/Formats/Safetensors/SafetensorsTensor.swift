/// The element types of a safetensors file that kvsh reads, by the name the header uses.
public enum SafetensorsType: String, CaseIterable, Sendable {
  case bool = "BOOL"
  case u8 = "U8"
  case i8 = "I8"
  case u16 = "U16"
  case i16 = "I16"
  case f16 = "F16"
  case bf16 = "BF16"
  case u32 = "U32"
  case i32 = "I32"
  case f32 = "F32"
  case u64 = "U64"
  case i64 = "I64"
  case f64 = "F64"

  /// Bytes of one element.
  public var bytes: Int {
    switch self {
    case .bool, .u8, .i8: 1
    case .u16, .i16, .f16, .bf16: 2
    case .u32, .i32, .f32: 4
    case .u64, .i64, .f64: 8
    }
  }
}

/// One entry of a safetensors file's header.
public struct SafetensorsTensor: Equatable, Sendable {
  public let name: String
  public let type: SafetensorsType
  /// Row-major: the last dimension is the contiguous one; empty for a scalar.
  public let shape: [Int]
  /// Where the first byte lies, counted from the start of the file.
  public let byteOffset: Int
  public let byteCount: Int

  public var elementCount: Int { byteCount / type.bytes }
}
