import Foundation

/// A Python file that says `P = {...}`: numbers under names, or under names of names, as jieba writes its probabilities.
struct PythonTable {
  enum Value: Equatable {
    case number(Double)
    case table([String: Value])
  }

  private let path: String
  private let bytes: [UInt8]
  private var place: Int

  /// - Throws: `RuntimeProblem` K683 with the byte at which the text is something else.
  static func read(_ path: String) throws -> [String: Value] {
    guard let data = FileManager.default.contents(atPath: path) else {
      throw SegmentationProblems.damaged(path, "it cannot be read")
    }
    guard let start = data.range(of: Data("P={".utf8)) else {
      throw SegmentationProblems.damaged(path, "there is no P={")
    }
    var reader = PythonTable(path: path, bytes: Array(data), place: start.upperBound - 1)
    return try reader.table(depth: 0)
  }

  /// Numbers only.
  static func numbers(_ value: Value?) -> [String: Double] {
    guard case .table(let values)? = value else { return [:] }
    return values.compactMapValues { if case .number(let number) = $0 { number } else { nil } }
  }

  private var unexpected: RuntimeProblem {
    SegmentationProblems.damaged(path, "byte \(place + 1) is not what a table of numbers has there")
  }

  /// The byte that stands next, white space passed over.
  private mutating func next() throws -> UInt8 {
    while place < bytes.count, bytes[place] == 0x20 || bytes[place] == 0x0A || bytes[place] == 0x0D { place += 1 }
    guard place < bytes.count else { throw unexpected }
    return bytes[place]
  }

  private mutating func take(_ byte: Unicode.Scalar) throws {
    guard try next() == UInt8(ascii: byte) else { throw unexpected }
    place += 1
  }

  private mutating func table(depth: Int) throws -> [String: Value] {
    try take("{")
    var values: [String: Value] = [:]
    while try next() != UInt8(ascii: "}") {
      let name = try name()
      try take(":")
      values[name] = try next() == UInt8(ascii: "{") && depth == 0 ? .table(table(depth: 1)) : .number(number())
      if try next() != UInt8(ascii: "}") { try take(",") }
    }
    place += 1
    return values
  }

  /// `'B'` or `'\u4e00'`.
  private mutating func name() throws -> String {
    try take("'")
    guard let end = bytes[place...].firstIndex(of: UInt8(ascii: "'")) else { throw unexpected }
    let text = String(decoding: bytes[place..<end], as: UTF8.self)
    var name = String.UnicodeScalarView()
    for (index, part) in text.components(separatedBy: "\\u").enumerated() {
      guard index > 0 else {
        name.append(contentsOf: part.unicodeScalars)
        continue
      }
      guard part.count >= 4, let value = UInt32(part.prefix(4), radix: 16), let scalar = Unicode.Scalar(value) else {
        throw unexpected
      }
      name.append(scalar)
      name.append(contentsOf: part.dropFirst(4).unicodeScalars)
    }
    place = end + 1
    return String(name)
  }

  private mutating func number() throws -> Double {
    let end =
      bytes[place...].firstIndex { !("0"..."9" ~= Unicode.Scalar($0)) && !"+-.e".utf8.contains($0) } ?? bytes.count
    guard let number = Double(String(decoding: bytes[place..<end], as: UTF8.self)), number.isFinite else {
      throw unexpected
    }
    place = end
    return number
  }
}
