import CIntrinsics

/// The scalar reference that turns stored weights into 32-bit floats (ggml-quants.c, `dequantize_row_*`).
public enum GGUFDequantise {
  /// Writes `elementCount` floats, block by block, with ggml's order of operations.
  ///
  /// `source` holds `elementCount / type.blockElements * type.blockBytes` bytes, of any alignment; `elementCount` is a
  /// multiple of `type.blockElements`. Returns false, and writes nothing, for a type that is not supported.
  @discardableResult
  public static func write(
    _ type: GGUFType, from source: UnsafeRawPointer, elementCount: Int, to target: UnsafeMutablePointer<Float>
  ) -> Bool {
    let blocks = elementCount / type.blockElements
    for block in 0..<blocks {
      let from = source + block &* type.blockBytes
      let to = target + block &* type.blockElements
      switch type {
      case .f32: to.pointee = Float(bitPattern: word(from, 0))
      case .f16: to.pointee = half(from, 0)
      case .bf16: to.pointee = Float(bitPattern: UInt32(short(from, 0)) << 16)
      case .q4_0: blockQ40(from, to)
      case .q4_1: blockQ41(from, to)
      case .q5_0: blockQ50(from, to)
      case .q5_1: blockQ51(from, to)
      case .q8_0: blockQ80(from, to)
      case .iq4_NL: blockIQ4NL(from, to)
      case .q2_K: superBlock(Q2_K.self, from, to)
      case .q3_K: superBlock(Q3_K.self, from, to)
      case .q4_K: superBlock(Q4_K.self, from, to)
      case .q5_K: superBlock(Q5_K.self, from, to)
      case .q6_K: superBlock(Q6_K.self, from, to)
      default: return false
      }
    }
    return type.isSupported
  }

  /// x = d (q - 8); element i is the low half of byte i, element i + 16 the high half.
  private static func blockQ40(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    for index in 0..<16 {
      let byte = Int32(from.load(fromByteOffset: 2 &+ index, as: UInt8.self))
      to[index] = Float((byte & 15) &- 8) * d
      to[index &+ 16] = Float((byte >> 4) &- 8) * d
    }
  }

  /// x = d q + m.
  private static func blockQ41(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    let m = half(from, 2)
    for index in 0..<16 {
      let byte = Int32(from.load(fromByteOffset: 4 &+ index, as: UInt8.self))
      to[index] = Float(byte & 15) * d + m
      to[index &+ 16] = Float(byte >> 4) * d + m
    }
  }

  /// x = d (q - 16), the fifth bit of element i being bit i of a 32-bit word.
  private static func blockQ50(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    let high = word(from, 2)
    for index in 0..<16 {
      let byte = UInt32(from.load(fromByteOffset: 6 &+ index, as: UInt8.self))
      let low = (byte & 15) | ((high >> UInt32(index)) & 1) << 4
      let top = (byte >> 4) | ((high >> UInt32(index &+ 16)) & 1) << 4
      to[index] = Float(Int32(low) &- 16) * d
      to[index &+ 16] = Float(Int32(top) &- 16) * d
    }
  }

  /// x = d q + m, with the fifth bits as in Q5_0.
  private static func blockQ51(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    let m = half(from, 2)
    let high = word(from, 4)
    for index in 0..<16 {
      let byte = UInt32(from.load(fromByteOffset: 8 &+ index, as: UInt8.self))
      let low = (byte & 15) | ((high >> UInt32(index)) & 1) << 4
      let top = (byte >> 4) | ((high >> UInt32(index &+ 16)) & 1) << 4
      to[index] = Float(low) * d + m
      to[index &+ 16] = Float(top) * d + m
    }
  }

  /// x = d q.
  private static func blockQ80(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    for index in 0..<32 {
      to[index] = Float(from.load(fromByteOffset: 2 &+ index, as: Int8.self)) * d
    }
  }

  /// x = d table[q]; element i is the low half of byte i, element i + 16 the high half.
  private static func blockIQ4NL(_ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>) {
    let d = half(from, 0)
    for index in 0..<16 {
      let byte = Int32(from.load(fromByteOffset: 2 &+ index, as: UInt8.self))
      to[index] = d * Float(Int32(kv_non_linear_code(byte & 15)) &- 128)
      to[index &+ 16] = d * Float(Int32(kv_non_linear_code(byte >> 4)) &- 128)
    }
  }

  /// x = (d scale) (q - zero), or (d scale) q - (m minimum), with integer scales and minima of 16 or 32 elements.
  private static func superBlock<Format: BlockFormat>(
    _: Format.Type, _ from: UnsafeRawPointer, _ to: UnsafeMutablePointer<Float>
  ) {
    let layout = Format.layout
    let zero = layout.hasMinimum ? 0 : Int32(128) >> Int32(layout.shift)
    let width = 32 / layout.parts
    UnpackedBlock.with { unpacked in
      let scales = Format.read(from, unpacked)
      let d = HalfFloat.widened(scales.scale)
      let m = HalfFloat.widened(scales.minimum)
      for index in 0..<256 {
        let scale = d * Float(unpacked.scales[index / width])
        let product = scale * Float(Int32(unpacked.codes[index]) &- zero)
        to[index] = layout.hasMinimum ? product + m * Float(unpacked.minima[index / width]) : product
      }
    }
  }

  private static func short(_ from: UnsafeRawPointer, _ offset: Int) -> UInt16 {
    UInt16(littleEndian: from.loadUnaligned(fromByteOffset: offset, as: UInt16.self))
  }

  private static func word(_ from: UnsafeRawPointer, _ offset: Int) -> UInt32 {
    UInt32(littleEndian: from.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  private static func half(_ from: UnsafeRawPointer, _ offset: Int) -> Float {
    HalfFloat.widened(short(from, offset))
  }
}

/// IEEE half precision by its bits, because `Float16` does not exist on every platform.
enum HalfFloat {
  /// The same number as a 32-bit float, exactly; infinities and NaN payloads included.
  static func widened(_ bits: UInt16) -> Float {
    let sign = UInt32(bits & 0x8000) << 16
    let exponent = UInt32(bits >> 10) & 31
    let fraction = UInt32(bits & 1023)
    switch exponent {
    case 0:
      // Subnormal: fraction times 2^-24, exact in a float.
      let magnitude = Float(fraction) * 0x1p-24
      return Float(bitPattern: magnitude.bitPattern | sign)
    case 31: return Float(bitPattern: sign | 0x7F80_0000 | fraction << 13)
    default: return Float(bitPattern: sign | (exponent &+ 112) << 23 | fraction << 13)
    }
  }
}

extension GGUFFile {
  /// A whole tensor as floats, row after row; throws K209 (no such tensor) or K206 (type not supported).
  public func dequantise(_ name: String) throws -> [Float] {
    try dequantise(name, rows: 0..<tensor(name).rowCount)
  }

  /// Some rows of a tensor as floats.  // [rows, rowElements]
  ///
  /// Throws K209 (no such tensor, or rows outside it) or K206 (type not supported).
  public func dequantise(_ name: String, rows: Range<Int>) throws -> [Float] {
    let tensor = try tensor(name)
    let bytes = try tensorBytes(name)
    guard rows.lowerBound >= 0, rows.upperBound <= tensor.rowCount else {
      throw RuntimeProblem(
        "K209", seen: "\(self.name): rows \(rows.lowerBound) to \(rows.upperBound) of tensor '\(name)'",
        expected: "at most its \(tensor.rowCount.grouped) rows")
    }
    let elementCount = rows.count * tensor.rowElements
    guard let start = bytes.baseAddress, elementCount > 0 else { return [] }
    return [Float](unsafeUninitializedCapacity: elementCount) { buffer, count in
      guard let target = buffer.baseAddress else { return }
      GGUFDequantise.write(
        tensor.type, from: start + rows.lowerBound * tensor.rowBytes, elementCount: elementCount, to: target)
      count = elementCount
    }
  }
}
