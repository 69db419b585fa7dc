import Foundation

/// A value of a method's parameter.
public enum ParameterValue: Equatable, Hashable, Sendable {
  case int(Int)
  case float(Double)
  case bool(Bool)
  case word(String)
  case budget(Budget)
  /// Shares, each from 0 to 1: `"70%, 50%, 30%"`.
  case shares([Double])
  case text(NamedText)
}

extension ParameterValue: CustomStringConvertible {
  /// As a user would type it.
  public var description: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): value == value.rounded() && abs(value) < 1e15 ? String(Int(value)) : "\(value)"
    case .bool(let value): "\(value)"
    case .word(let value): value
    case .budget(let value): "\(value)"
    case .shares(let values): "\"" + values.map { "\(Budget.share($0))" }.joined(separator: ", ") + "\""
    case .text(let text): "\(text)"
    }
  }

  /// What rows are keyed by: of a file what it says, not where it lies.
  var key: String { if case .text(let text) = self { "text:\(text.digest)" } else { description } }
}

/// One parameter of a method: what checks, help and completion need to know of it.
public struct ParameterCard: Equatable, Sendable {
  public enum Kind: Equatable, Sendable {
    case int(ClosedRange<Int>)
    /// One of a few whole numbers.
    case oneOf([Int])
    case float(ClosedRange<Double>)
    case bool
    case word([String])
    /// Tokens (at least so many), a share of the prompt, or bytes.
    case budget(atLeast: Int)
    /// One share or several in a text.
    case shares
    /// A file's text.
    case text
  }

  public let name: String
  public let kind: Kind
  /// Nil: derived from others, as `defaultNote` says.
  public let defaultValue: ParameterValue?
  public let defaultNote: String?
  public let doc: String

  public init(
    _ name: String, _ kind: Kind, default value: ParameterValue?, note: String? = nil, _ doc: String
  ) {
    self.name = name
    self.kind = kind
    defaultValue = value
    defaultNote = note
    self.doc = doc
  }

  /// Returns the value in this parameter's kind, or throws K302 (type) or K303 (range) with what is allowed.
  func checked(_ value: ParameterValue, method: String) throws -> ParameterValue {
    func problem(_ code: String, _ expected: String) -> RuntimeProblem {
      RuntimeProblem(code, seen: "\(method): \(name)=\(value)", expected: expected)
    }
    switch (kind, value) {
    case (.int(let range), .int(let number)):
      guard range.contains(number) else {
        throw problem("K303", "\(name) from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    case (.oneOf(let allowed), .int(let number)):
      guard allowed.contains(number) else {
        throw problem("K303", "\(name) one of \(allowed.map(String.init).joined(separator: ", "))")
      }
      return value
    case (.float(let range), .float(let number)):
      guard range.contains(number) else {
        throw problem("K303", "\(name) from \(range.lowerBound) to \(range.upperBound)")
      }
      return value
    case (.float, .int(let number)): return try checked(.float(Double(number)), method: method)
    case (.bool, .bool): return value
    case (.word(let words), .word(let word)):
      guard words.contains(word) else { throw problem("K303", "\(name) one of \(words.joined(separator: ", "))") }
      return value
    case (.budget(let least), .budget(let budget)):
      switch budget {
      case .tokens(let count) where count < least || count > 1 << 30:
        throw problem("K303", "\(name) from \(least) tokens on")
      case .share(let share) where !(share > 0 && share <= 1): throw problem("K303", "a share above 0% up to 100%")
      case .bytes(let bytes) where bytes < 1: throw problem("K303", "at least one byte")
      default: return value
      }
    case (.shares, .shares(let shares)):
      guard !shares.isEmpty, shares.count <= 64, shares.allSatisfy({ (0...1).contains($0) }) else {
        throw problem("K303", "shares from 0% to 100%")
      }
      return value
    case (.text, .text): return value
    case (.shares, .budget(.share(let share))): return try checked(.shares([share]), method: method)
    case (.shares, .float(let share)): return try checked(.shares([share]), method: method)
    case (.shares, .int(let share)): return try checked(.shares([Double(share)]), method: method)
    case (.shares, .word(let text)):
      guard let shares = Self.shares(text) else { throw problem("K302", "\(name) as \(kindName)") }
      return try checked(.shares(shares), method: method)
    case (.budget, .int(let count)): return try checked(.budget(.tokens(count)), method: method)
    default: throw problem("K302", "\(name) as \(kindName)")
    }
  }

  /// What a value of this parameter is called: "a whole number", "a budget (512, 30%, 64MiB)".
  public var kindName: String {
    switch kind {
    case .int, .oneOf: "a whole number"
    case .float: "a number"
    case .bool: "true or false"
    case .word(let words): "one of " + words.joined(separator: ", ")
    case .budget: "a budget (512, 30%, 64MiB)"
    case .shares: "shares in a text (\"70%, 50%\")"
    case .text: "a path to a text file"
    }
  }

  /// The shares that a text lists: `70%, 0.5`; nil if something else is among them.
  private static func shares(_ text: String) -> [Double]? {
    var shares: [Double] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      let word = part.drop { $0 == " " }
      let number = word.prefix { $0 != "%" && $0 != " " }
      let rest = word.dropFirst(number.count).filter { $0 != " " }
      guard let value = Double(number), rest.isEmpty || rest == "%" else { return nil }
      // 70% is 0.7, to the digit.
      shares.append(rest.isEmpty ? value : (value * 1e10).rounded() / 1e12)
    }
    return shares
  }
}
