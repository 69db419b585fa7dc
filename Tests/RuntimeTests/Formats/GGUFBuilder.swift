/// Writes small GGUF files for tests, well-formed unless a field says otherwise.
struct GGUFBuilder {
  /// A metadata value as it is stored: its type tag and its bytes.
  struct Value {
    var tag: UInt32
    var bytes: [UInt8]

    static func uint8(_ value: UInt8) -> Value { Value(tag: 0, bytes: [value]) }
    static func int8(_ value: Int8) -> Value { Value(tag: 1, bytes: little(value)) }
    static func uint16(_ value: UInt16) -> Value { Value(tag: 2, bytes: little(value)) }
    static func int16(_ value: Int16) -> Value { Value(tag: 3, bytes: little(value)) }
    static func uint32(_ value: UInt32) -> Value { Value(tag: 4, bytes: little(value)) }
    static func int32(_ value: Int32) -> Value { Value(tag: 5, bytes: little(value)) }
    static func float32(_ value: Float) -> Value { Value(tag: 6, bytes: little(value.bitPattern)) }
    static func bool(_ value: Bool) -> Value { Value(tag: 7, bytes: [value ? 1 : 0]) }
    static func string(_ value: String) -> Value { Value(tag: 8, bytes: text(value)) }
    static func uint64(_ value: UInt64) -> Value { Value(tag: 10, bytes: little(value)) }
    static func int64(_ value: Int64) -> Value { Value(tag: 11, bytes: little(value)) }
    static func float64(_ value: Double) -> Value { Value(tag: 12, bytes: little(value.bitPattern)) }

    /// Elements of one type; `count` is what the file claims.
    static func array(_ elements: [Value], tag: UInt32? = nil, count: UInt64? = nil) -> Value {
      let tag = tag ?? elements.first?.tag ?? 4
      return Value(
        tag: 9,
        bytes: little(tag) + little(count ?? UInt64(elements.count)) + elements.flatMap(\.bytes))
    }
  }

  struct Tensor {
    var name: String
    var shape: [UInt64]
    var type: UInt32 = 0
    var bytes: [UInt8]
    /// The offset that is written; nil for the right one.
    var offset: UInt64?
    /// The number of dimensions that is written; nil for the right one.
    var dimensions: UInt32?
  }

  var magic: [UInt8] = Array("GGUF".utf8)
  var version: UInt32 = 3
  var entries: [(key: String, value: Value)] = []
  var tensors: [Tensor] = []
  var alignment = 32
  var tensorCount: UInt64?
  var entryCount: UInt64?

  var bytes: [UInt8] {
    var out = magic + GGUFBuilder.little(version)
    out += GGUFBuilder.little(tensorCount ?? UInt64(tensors.count))
    out += GGUFBuilder.little(entryCount ?? UInt64(entries.count))
    for entry in entries {
      out += GGUFBuilder.text(entry.key) + GGUFBuilder.little(entry.value.tag) + entry.value.bytes
    }
    var data: [UInt8] = []
    for tensor in tensors {
      pad(&data)
      out += GGUFBuilder.text(tensor.name)
      out += GGUFBuilder.little(tensor.dimensions ?? UInt32(tensor.shape.count))
      out += tensor.shape.flatMap { GGUFBuilder.little($0) }
      out += GGUFBuilder.little(tensor.type)
      out += GGUFBuilder.little(tensor.offset ?? UInt64(data.count))
      data += tensor.bytes
    }
    pad(&out)
    return out + data
  }

  static func little<Number: FixedWidthInteger>(_ value: Number) -> [UInt8] {
    withUnsafeBytes(of: value.littleEndian) { Array($0) }
  }

  private static func text(_ value: String) -> [UInt8] {
    little(UInt64(value.utf8.count)) + Array(value.utf8)
  }

  private func pad(_ bytes: inout [UInt8]) {
    while bytes.count % alignment != 0 { bytes.append(0) }
  }

  /// One value of every type, a Q8_0 matrix of two rows and an F32 vector.
  static var sample: GGUFBuilder {
    var builder = GGUFBuilder()
    builder.entries = [
      ("general.architecture", .string("llama")),
      ("a.uint8", .uint8(200)), ("a.int8", .int8(-3)), ("a.uint16", .uint16(60_000)), ("a.int16", .int16(-300)),
      ("a.uint32", .uint32(4_000_000_000)), ("a.int32", .int32(-7)), ("a.float32", .float32(0.25)),
      ("a.bool", .bool(true)), ("a.uint64", .uint64(5)), ("a.int64", .int64(-9)), ("a.float64", .float64(1e-5)),
      ("a.large", .uint64(.max)),
      ("a.strings", .array([.string("x"), .string("déjà")])),
      ("a.ints", .array([.int16(1), .int16(-2)])),
      ("a.floats", .array([.float32(1.5)])),
      ("a.bools", .array([.bool(true), .bool(false)])),
      ("a.nested", .array([.array([.uint8(1)]), .array([.uint8(2), .uint8(3)])])),
      ("a.empty", .array([], tag: 8)),
    ]
    let row = little(UInt16(0x3C00)) + (0..<32).map { UInt8($0) }
    builder.tensors = [
      Tensor(name: "m", shape: [32, 2], type: 8, bytes: row + row),
      Tensor(name: "v", shape: [2], bytes: little(Float(1).bitPattern) + little(Float(-2).bitPattern)),
    ]
    return builder
  }
}
