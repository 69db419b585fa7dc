/// A read position in a GGUF file that checks every step against the end of the file.
struct GGUFCursor {
  /// Longest string that is believed; the largest chat templates are near 100 kB.
  static let longestStringBytes: UInt64 = 64 << 20
  /// Most array elements that are believed; the largest vocabularies have some 300,000 tokens and 500,000 merges.
  static let mostArrayElements: UInt64 = 1 << 24
  /// Deepest nesting of arrays that is believed; published files use none.
  static let deepestArray = 4

  let bytes: UnsafeRawBufferPointer
  let fileName: String
  private(set) var position = 0

  init(_ file: MappedFile) {
    bytes = file.bytes
    fileName = file.name
  }

  var remaining: Int { bytes.count - position }

  /// Reads a little-endian number; `place` names it in the problem thrown (K204) if the file has ended.
  mutating func number<Number: FixedWidthInteger>(_: Number.Type, _ place: @autoclosure () -> String) throws -> Number {
    let size = MemoryLayout<Number>.size
    guard remaining >= size else { throw ended(place()) }
    defer { position += size }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: position, as: Number.self))
  }

  /// Reads a length and that many bytes of UTF-8, repaired where they are not valid.
  mutating func string(_ place: @autoclosure () -> String) throws -> String {
    let length = try number(UInt64.self, place())
    guard length <= UInt64(remaining) else {
      throw RuntimeProblem(
        "K204", seen: "\(fileName): \(place()) is a string of \(length.grouped) bytes at byte \(position.grouped)",
        expected: "at most the \(remaining.grouped) bytes that are left", suggestion: FormatProblems.fetchAgain)
    }
    guard length <= GGUFCursor.longestStringBytes else {
      throw damaged("\(place()) is a string of \(length.grouped) bytes", expected: "at most 64 MiB")
    }
    let end = position + Int(length)
    defer { position = end }
    return String(decoding: bytes[position..<end], as: UTF8.self)
  }

  /// Reads the value of a metadata key, whose type tag comes first.
  mutating func value(key: String) throws -> GGUFValue {
    let tag = try tag("the value of '\(key)'")
    return try value(tag, key: key, depth: 0)
  }

  private mutating func tag(_ place: @autoclosure () -> String) throws -> GGUFValueTag {
    let raw = try number(UInt32.self, place())
    guard let tag = GGUFValueTag(rawValue: raw) else {
      throw damaged("\(place()) has the unknown type \(raw)", expected: "a type from 0 to 12")
    }
    return tag
  }

  private mutating func value(_ tag: GGUFValueTag, key: String, depth: Int) throws -> GGUFValue {
    switch tag {
    case .string: .string(try string("the value of '\(key)'"))
    case .bool: .bool(try number(UInt8.self, "the value of '\(key)'") != 0)
    case .float32, .float64: .float(try float(tag, key: key))
    case .uint64: GGUFValue(try number(UInt64.self, "the value of '\(key)'"))
    case .array: try array(key: key, depth: depth + 1)
    default: .integer(try integer(tag, key: key))
    }
  }

  private mutating func integer(_ tag: GGUFValueTag, key: String) throws -> Int64 {
    switch tag {
    case .uint8: Int64(try number(UInt8.self, "the value of '\(key)'"))
    case .int8: Int64(try number(Int8.self, "the value of '\(key)'"))
    case .uint16: Int64(try number(UInt16.self, "the value of '\(key)'"))
    case .int16: Int64(try number(Int16.self, "the value of '\(key)'"))
    case .uint32: Int64(try number(UInt32.self, "the value of '\(key)'"))
    case .int32: Int64(try number(Int32.self, "the value of '\(key)'"))
    default: try number(Int64.self, "the value of '\(key)'")
    }
  }

  private mutating func float(_ tag: GGUFValueTag, key: String) throws -> Double {
    tag == .float32
      ? Double(Float(bitPattern: try number(UInt32.self, "the value of '\(key)'")))
      : Double(bitPattern: try number(UInt64.self, "the value of '\(key)'"))
  }

  private mutating func array(key: String, depth: Int) throws -> GGUFValue {
    guard depth <= GGUFCursor.deepestArray else {
      throw damaged("'\(key)' nests arrays deeper than \(GGUFCursor.deepestArray)", expected: nil)
    }
    let tag = try tag("the array '\(key)'")
    let stored = try number(UInt64.self, "the array '\(key)'")
    guard stored <= UInt64(remaining / tag.leastBytes) else {
      throw RuntimeProblem(
        "K204", seen: "\(fileName): the array '\(key)' has \(stored.grouped) elements at byte \(position.grouped)",
        expected: "at most what fits the \(remaining.grouped) bytes that are left",
        suggestion: FormatProblems.fetchAgain)
    }
    guard stored <= GGUFCursor.mostArrayElements else {
      throw damaged(
        "the array '\(key)' has \(stored.grouped) elements",
        expected: "at most \(GGUFCursor.mostArrayElements.grouped)")
    }
    let count = Int(stored)
    switch tag {
    case .string:
      return .strings(try elements(count) { try $0.string("an element of '\(key)'") })
    case .bool:
      return .bools(try elements(count) { try $0.number(UInt8.self, "an element of '\(key)'") != 0 })
    case .float32, .float64:
      return .floats(try elements(count) { try $0.float(tag, key: key) })
    case .array:
      return .array(try elements(count) { try $0.array(key: key, depth: depth + 1) })
    case .uint64:
      let numbers = try elements(count) { try $0.number(UInt64.self, "an element of '\(key)'") }
      let signed = numbers.compactMap { Int64(exactly: $0) }
      return signed.count == numbers.count ? .integers(signed) : .array(numbers.map(GGUFValue.init))
    default:
      return .integers(try elements(count) { try $0.integer(tag, key: key) })
    }
  }

  private mutating func elements<Element>(
    _ count: Int, _ read: (inout GGUFCursor) throws -> Element
  ) rethrows -> [Element] {
    var elements: [Element] = []
    elements.reserveCapacity(count)
    for _ in 0..<count { elements.append(try read(&self)) }
    return elements
  }

  func ended(_ place: String) -> RuntimeProblem {
    RuntimeProblem(
      "K204", seen: "\(fileName): the file ends at byte \(bytes.count.grouped), inside \(place)",
      suggestion: FormatProblems.fetchAgain)
  }

  func damaged(_ seen: String, expected: String?) -> RuntimeProblem {
    RuntimeProblem(
      "K205", seen: "\(fileName): \(seen)", expected: expected, suggestion: FormatProblems.fetchAgain)
  }
}

extension GGUFValue {
  fileprivate init(_ number: UInt64) {
    self = Int64(exactly: number).map(GGUFValue.integer) ?? .unsigned(number)
  }
}

extension FormatProblems {
  static let fetchAgain = "download or convert the file again"
}
