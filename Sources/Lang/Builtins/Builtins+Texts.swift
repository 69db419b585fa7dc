import Foundation

extension Builtins {
  static let texts: [Builtin] = [
    Builtin("str", "the value as text", ["x"], result: .string) { .string($0.value(0).text) },
    Builtin("type", "the name of the type of a value", ["x"], result: .string) { call in
      switch call.value(0).type {
      case .nil: .string("nil")
      case .bool: .string("bool")
      case .int: .string("int")
      case .float, .number: .string("float")
      case .list: .string("list")
      case .bytes: .string("bytes")
      case let type: .string(type.name)
      }
    },
    Builtin("print", "prints values in a line", [], result: .nil, isVariadic: true) { call in
      let line = call.values.map(\.text).joined(separator: " ")
      for part in line.split(separator: "\n", omittingEmptySubsequences: false) { call.context.print(String(part)) }
      return .nil
    },
    Builtin("join", "the elements of a list as one text", ["list", "separator?"], result: .string) { call in
      let separator = call.isGiven(1) ? try call.string(1) : ""
      return .string(try call.list(0).map(\.text).joined(separator: separator))
    },
    Builtin("split", "the parts of a text between separators, or its words", ["text", "separator?"], result: .list) {
      call in
      let text = try call.string(0)
      guard call.isGiven(1) else {
        return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
      }
      let separator = try call.string(1)
      guard !separator.isEmpty else { return .list(text.map { .string(String($0)) }) }
      return .list(text.components(separatedBy: separator).map { .string($0) })
    },
    Builtin("upper", "the text in capital letters", ["text"], result: .string) {
      .string(try $0.string(0).uppercased())
    },
    Builtin("lower", "the text in small letters", ["text"], result: .string) { .string(try $0.string(0).lowercased()) },
    Builtin("trim", "the text without white space around it", ["text"], result: .string) { call in
      .string(try call.string(0).trimmingCharacters(in: .whitespacesAndNewlines))
    },
    Builtin("replace", "the text with every occurrence of a part replaced", ["text", "part", "by"], result: .string) {
      call in
      .string(try call.string(0).replacingOccurrences(of: call.string(1), with: call.string(2)))
    },
  ]
}
