import Foundation

/// A JSON value as it stands in a file.
///
/// Members keep their order and their exact characters: Foundation's dictionaries take different spellings of one
/// character for one key, and vocabularies hold both.
enum JSONTree: Equatable, Sendable {
  case null
  case bool(Bool)
  case number(String)
  case string(String)
  case array([JSONTree])
  case object([Member])

  struct Member: Equatable, Sendable {
    var key: String
    var value: JSONTree
  }

  /// Reads a whole file.
  ///
  /// - Throws: `RuntimeProblem` K213 where the text is not JSON.
  init(_ mapped: MappedFile, fileName: String) throws {
    do throws(JSONByteScanner.Failure) {
      self = try mapped.withBytes { (bytes) throws(JSONByteScanner.Failure) in
        var scanner = JSONByteScanner(bytes)
        let tree = try JSONTree.read(&scanner, depth: 0)
        scanner.skipWhitespace()
        guard scanner.current == nil else { throw scanner.unexpected("the end of the file") }
        return tree
      }
    } catch {
      throw RuntimeProblem(
        "K213", seen: "\(fileName): at byte \(error.offset.grouped): \(error.what)",
        expected: error.expected ?? "a JSON object", suggestion: FormatProblems.fetchAgain)
    }
  }

  /// Reads the value at the scanner's place, `depth` levels deep in its text.
  static func read(_ scanner: inout JSONByteScanner, depth: Int) throws(JSONByteScanner.Failure) -> JSONTree {
    scanner.skipWhitespace()
    switch scanner.current {
    case UInt8(ascii: "\""):
      return .string(JSONByteText.decode(scanner.bytes, try scanner.skipString()))
    case UInt8(ascii: "{"):
      var members: [Member] = []
      try scanner.eachMember(depth: depth) { (scanner, key) throws(JSONByteScanner.Failure) in
        let value = try JSONTree.read(&scanner, depth: depth + 1)
        members.append(Member(key: JSONByteText.decode(scanner.bytes, key), value: value))
      }
      return .object(members)
    case UInt8(ascii: "["):
      var elements: [JSONTree] = []
      try scanner.eachElement(depth: depth) { (scanner) throws(JSONByteScanner.Failure) in
        elements.append(try JSONTree.read(&scanner, depth: depth + 1))
      }
      return .array(elements)
    default:
      let start = scanner.offset
      try scanner.skipValue(depth: depth)
      let text = String(decoding: scanner.bytes[start..<scanner.offset], as: UTF8.self)
      switch text {
      case "null": return .null
      case "true": return .bool(true)
      case "false": return .bool(false)
      default: return .number(text)
      }
    }
  }

  /// A member of an object by its exact key; nil if there is none or the value is null.
  subscript(key: String) -> JSONTree? {
    guard case .object(let members) = self,
      let member = members.last(where: { $0.key.utf8.elementsEqual(key.utf8) }), member.value != .null
    else { return nil }
    return member.value
  }

  /// What messages call the kind of value.
  var kindName: String {
    switch self {
    case .null: "null"
    case .bool: "true or false"
    case .number(let text): text
    case .string(let text): "'\(text.prefix(60))'"
    case .array: "an array"
    case .object: "an object"
    }
  }
}
