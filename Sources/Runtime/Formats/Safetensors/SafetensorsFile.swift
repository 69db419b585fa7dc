/// A safetensors file, mapped into memory: a JSON header of names, types, shapes and byte ranges, then the bytes.
///
/// The rules are those of the format's own reader (github.com/huggingface/safetensors): the ranges lie end to end and
/// cover the file exactly. Everything is checked by the time `init` returns.
public final class SafetensorsFile: Sendable {
  /// The mapped bytes; pointers into them are valid for as long as this file object lives.
  public let mapped: MappedFile
  public let tensors: [String: SafetensorsTensor]
  /// Names in the order of their bytes.
  public let tensorNames: [String]
  /// The header's `__metadata__`, empty if there is none.
  public let metadata: [String: String]

  public var name: String { mapped.name }

  /// Opens and checks a file; throws K201 (cannot be opened), K211 (damaged) or K212 (a type that is not read).
  public convenience init(path: String) throws {
    try self.init(MappedFile(path: path))
  }

  /// Checks a file that is already mapped; throws as `init(path:)` does.
  public init(_ mapped: MappedFile) throws {
    let header = try SafetensorsHeader(mapped)
    self.mapped = mapped
    metadata = header.metadata
    tensorNames = header.tensors.map(\.name)
    tensors = Dictionary(header.tensors.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The header's entry of a tensor; throws K212 if there is none.
  public func tensor(_ name: String) throws -> SafetensorsTensor {
    guard let tensor = tensors[name] else {
      throw RuntimeProblem(
        "K212", seen: "\(self.name): there is no tensor '\(name)'",
        expected: "one of the \(tensors.count.grouped) tensors of the file")
    }
    return tensor
  }

  /// Row-major dimensions of a tensor; throws K212 if there is none of the name.
  public func shape(_ name: String) throws -> [Int] { try tensor(name).shape }

  /// The stored bytes, valid for as long as this file object lives; throws K212 if there is no such tensor.
  public func tensorBytes(_ name: String) throws -> UnsafeRawBufferPointer {
    let tensor = try tensor(name)
    return UnsafeRawBufferPointer(rebasing: mapped.bytes[tensor.byteOffset..<tensor.byteOffset + tensor.byteCount])
  }

  /// Every element as a 32-bit float, row-major; wider numbers are rounded to the nearest.
  ///
  /// Throws K212 if there is no such tensor.
  public func float32(_ name: String) throws -> [Float] {
    let bytes = try tensorBytes(name)
    return switch try tensor(name).type {
    case .f32: numbers(bytes, UInt32.self) { Float(bitPattern: $0) }
    case .f16: numbers(bytes, UInt16.self, HalfFloat.widened)
    case .bf16: numbers(bytes, UInt16.self) { Float(bitPattern: UInt32($0) << 16) }
    case .f64: numbers(bytes, UInt64.self) { Float(Double(bitPattern: $0)) }
    case .bool, .u8: numbers(bytes, UInt8.self) { Float($0) }
    case .i8: numbers(bytes, Int8.self) { Float($0) }
    case .u16: numbers(bytes, UInt16.self) { Float($0) }
    case .i16: numbers(bytes, Int16.self) { Float($0) }
    case .u32: numbers(bytes, UInt32.self) { Float($0) }
    case .i32: numbers(bytes, Int32.self) { Float($0) }
    case .u64: numbers(bytes, UInt64.self) { Float($0) }
    case .i64: numbers(bytes, Int64.self) { Float($0) }
    }
  }

  /// Every element of an integer tensor, row-major.
  ///
  /// Throws K212 if there is no such tensor, if it holds floats, or for a U64 above the largest signed number.
  public func integers(_ name: String) throws -> [Int64] {
    let bytes = try tensorBytes(name)
    let type = try tensor(name).type
    switch type {
    case .bool, .u8: return numbers(bytes, UInt8.self) { Int64($0) }
    case .i8: return numbers(bytes, Int8.self) { Int64($0) }
    case .u16: return numbers(bytes, UInt16.self) { Int64($0) }
    case .i16: return numbers(bytes, Int16.self) { Int64($0) }
    case .u32: return numbers(bytes, UInt32.self) { Int64($0) }
    case .i32: return numbers(bytes, Int32.self) { Int64($0) }
    case .i64: return numbers(bytes, Int64.self) { $0 }
    case .u64:
      let signed = numbers(bytes, UInt64.self) { Int64(exactly: $0) }.compactMap { $0 }
      guard signed.count * 8 == bytes.count else { break }
      return signed
    case .f16, .bf16, .f32, .f64: break
    }
    throw RuntimeProblem(
      "K212", seen: "\(self.name): tensor '\(name)' of type \(type.rawValue) cannot be read as integers",
      expected: "a tensor of integers below 2^63")
  }

  private func numbers<Stored: FixedWidthInteger, Number>(
    _ bytes: UnsafeRawBufferPointer, _: Stored.Type, _ convert: (Stored) -> Number
  ) -> [Number] {
    let size = MemoryLayout<Stored>.size
    return (0..<bytes.count / size).map { index in
      convert(Stored(littleEndian: bytes.loadUnaligned(fromByteOffset: index &* size, as: Stored.self)))
    }
  }
}
