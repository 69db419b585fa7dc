import Foundation

extension Builtins {
  static let texts: [Builtin] = [
    Builtin("str", "the value as text", ["x"], result: .string) {
      .string(try $0.value(0).text(limits: $0.context.limits, at: $0.span))
    },
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
      let line = try call.values.map { try $0.text(limits: call.context.limits, at: call.span) }.joined(separator: " ")
      for part in line.split(separator: "\n", omittingEmptySubsequences: false) { call.context.print(String(part)) }
      return .nil
    },
    Builtin("join", "the elements of a list as one text", ["list:list", "separator:string?"], result: .string) { call in
      let separator = call.isGiven(1) ? try call.string(1) : ""
      var text = ""
      for (index, element) in try call.list(0).enumerated() {
        text += (index > 0 ? separator : "") + (try element.text(limits: call.context.limits, at: call.span))
        try call.context.limits.check(textBytes: text.utf8.count, at: call.span)
      }
      return .string(text)
    },
    Builtin(
      "split", "the parts of a text between separators, or its words", ["text:string", "separator:string?"],
      result: .list
    ) {
      call in
      let text = try call.string(0)
      guard call.isGiven(1) else {
        return .list(text.split(whereSeparator: \.isWhitespace).map { .string(String($0)) })
      }
      let separator = try call.string(1)
      guard !separator.isEmpty else { return .list(text.map { .string(String($0)) }) }
      return .list(text.components(separatedBy: separator).map { .string($0) })
    },
    Builtin("lines", "the lines of a text", ["text:string"], result: .list) { call in
      .list(TextLines.of(try call.string(0)).map { .string(String($0)) })
    },
    Builtin("starts", "whether a text begins with another", ["text:string", "part:string"], result: .bool) { call in
      .bool(try call.string(0).hasPrefix(call.string(1)))
    },
    Builtin("ends", "whether a text ends with another", ["text:string", "part:string"], result: .bool) { call in
      .bool(try call.string(0).hasSuffix(call.string(1)))
    },
    Builtin("fail", "ends the script, or the block of a `try`, with a message or with a caught problem", ["problem"]) {
      call in throw Problem.declared(call.value(0), at: call.span)
    },
    Builtin("upper", "the text in capital letters", ["text:string"], result: .string) {
      .string(try $0.string(0).uppercased())
    },
    Builtin("lower", "the text in small letters", ["text:string"], result: .string) {
      .string(try $0.string(0).lowercased())
    },
    Builtin("trim", "the text without white space around it", ["text:string"], result: .string) { call in
      .string(try call.string(0).trimmingCharacters(in: .whitespacesAndNewlines))
    },
    Builtin(
      "replace", "the text with every occurrence of a part replaced", ["text:string", "part:string", "by:string"],
      result: .string
    ) {
      call in
      let (text, part, other) = (try call.string(0), try call.string(1), try call.string(2))
      if other.utf8.count > part.utf8.count, !part.isEmpty {
        let count = text.components(separatedBy: part).count - 1
        let (growth, overflow) = count.multipliedReportingOverflow(by: other.utf8.count - part.utf8.count)
        try call.context.limits.check(textBytes: overflow ? Int.max : text.utf8.count + growth, at: call.span)
      }
      return .string(text.replacingOccurrences(of: part, with: other))
    },
  ]
}
