import CIntrinsics
import Foundation

/// A NumPy `.npy` file: a line of Python with type, order and shape, then the numbers.
///
/// Source: numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
public enum NumpyFile {
  /// The first bytes of every such file.
  static let magic: [UInt8] = [0x93] + Array("NUMPY".utf8)

  /// The tensor in a file; numbers that are wider than single precision are rounded.
  ///
  /// - Throws: `RuntimeProblem` K201 (cannot be opened), K703, K704 (shape), K706 (damaged, or a type that is not read).
  public static func read(path: String, math: TensorMath) throws -> Tensor {
    let mapped = try MappedFile(path: path)
    let bytes = mapped.bytes
    func problem(_ seen: String, expected: String? = nil) -> RuntimeProblem {
      RuntimeProblem("K706", seen: "\(mapped.name): \(seen)", expected: expected)
    }
    guard bytes.count >= 10, Array(bytes[..<6]) == magic, (1...3).contains(bytes[6]) else {
      throw problem("the file does not begin like one of NumPy", expected: "a file that numpy.save wrote")
    }
    let isShort = bytes[6] == 1
    guard isShort || bytes.count >= 12 else { throw problem("the file ends in its header") }
    let length =
      isShort
      ? Int(UInt16(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt16.self)))
      : Int(UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: 8, as: UInt32.self)))
    let start = (isShort ? 10 : 12) + length
    guard start <= bytes.count else { throw problem("the file ends in its header") }
    let header = String(decoding: bytes[(isShort ? 10 : 12)..<start], as: UTF8.self)
    guard let type = header.firstMatch(of: /'descr'\s*:\s*'([<>|=])([a-z])(\d+)'/),
      let order = header.firstMatch(of: /'fortran_order'\s*:\s*(True|False)/),
      let sizes = header.firstMatch(of: /'shape'\s*:\s*\(([\d, ]*)\)/)
    else { throw problem("the header is \(header.prefix(80))", expected: "descr, fortran_order and shape") }
    guard type.1 != ">", let width = Int(type.3), let element = Element(String(type.2), width) else {
      throw problem(
        "the numbers have the type \(type.1)\(type.2)\(type.3)",
        expected: "little-endian f2, f4, f8, i1 to i8, u1 to u8 or b1")
    }
    let shape = try TensorShape(
      sizes.1.split(separator: ",").compactMap { Int($0.filter { !$0.isWhitespace }) })
    try math.check(shape, numberBytes: element == .bool ? 1 : MemoryLayout<Float>.size)
    guard bytes.count - start == shape.count * width else {
      throw problem(
        "\((bytes.count - start).grouped) bytes of numbers for the shape \(shape)",
        expected: (shape.count * width).grouped)
    }
    // First axis fastest: the same numbers with the axes reversed, turned back.
    let isTurned = order.1 == "True" && shape.dimensions > 1
    let stored = isTurned ? TensorShape(known: shape.sizes.reversed()) : shape
    let tensor = try withExtendedLifetime(mapped) {
      try element.tensor(stored, UnsafeRawBufferPointer(rebasing: bytes[start...]), math)
    }
    return isTurned ? try math.transpose(tensor) : tensor
  }

  /// What one number is stored as.
  private enum Element {
    case half, single, double, bool
    case int8, int16, int32, int64, uint8, uint16, uint32, uint64

    init?(_ kind: String, _ width: Int) {
      switch (kind, width) {
      case ("f", 2): self = .half
      case ("f", 4): self = .single
      case ("f", 8): self = .double
      case ("b", 1): self = .bool
      case ("i", 1): self = .int8
      case ("i", 2): self = .int16
      case ("i", 4): self = .int32
      case ("i", 8): self = .int64
      case ("u", 1): self = .uint8
      case ("u", 2): self = .uint16
      case ("u", 4): self = .uint32
      case ("u", 8): self = .uint64
      default: return nil
      }
    }

    /// The numbers of a shape, as many as `bytes` holds.
    func tensor(_ shape: TensorShape, _ bytes: UnsafeRawBufferPointer, _ math: TensorMath) throws -> Tensor {
      if self == .bool {
        let out = try math.truthMemory(shape)
        for place in 0..<shape.count { out.base[place] = bytes[place] == 0 ? 0 : 1 }
        return Tensor(shape, truths: out)
      }
      let out = try math.memory(shape)
      if let base = bytes.baseAddress { for place in 0..<shape.count { out.base[place] = read(base, place) } }
      return Tensor(shape, out)
    }

    private func read(_ base: UnsafeRawPointer, _ place: Int) -> Float {
      func number<Stored: FixedWidthInteger>(_: Stored.Type) -> Stored {
        Stored(littleEndian: base.loadUnaligned(fromByteOffset: place &* MemoryLayout<Stored>.size, as: Stored.self))
      }
      switch self {
      case .half: return Half.float(number(UInt16.self))
      case .single: return Float(bitPattern: number(UInt32.self))
      case .double: return Float(Double(bitPattern: number(UInt64.self)))
      case .int8: return Float(number(Int8.self))
      case .int16: return Float(number(Int16.self))
      case .int32: return Float(number(Int32.self))
      case .int64: return Float(number(Int64.self))
      case .bool, .uint8: return Float(number(UInt8.self))
      case .uint16: return Float(number(UInt16.self))
      case .uint32: return Float(number(UInt32.self))
      case .uint64: return Float(number(UInt64.self))
      }
    }
  }
}

extension SafetensorsFile {
  /// A tensor of the file.
  ///
  /// - Throws: `RuntimeProblem` K212 if there is none of the name, K703, K704 for its shape.
  public func tensor(_ name: String, math: TensorMath) throws -> Tensor {
    let shape = try TensorShape(try shape(name))
    try math.check(shape)
    return Tensor(shape, try float32(name))
  }
}
