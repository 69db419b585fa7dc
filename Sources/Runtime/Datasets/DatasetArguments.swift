/// Parameter values that fit their card: known names, right kinds, within range, defaults filled in.
public struct DatasetArguments: Sendable, Equatable {
  private var values: [String: DatasetValue] = [:]

  /// - Throws: K406.
  public init(_ given: [String: DatasetValue], for card: DatasetCard) throws {
    for parameter in card.parameters { values[parameter.name] = parameter.defaultValue }
    for (name, value) in given.sorted(by: { $0.key < $1.key }) {
      guard let parameter = card.parameters.first(where: { $0.name == name }) else {
        throw DatasetProblems.unknownParameter(name, of: card)
      }
      values[name] = try parameter.accept(value, of: card.name)
    }
  }

  public subscript(name: String) -> DatasetValue? { values[name] }

  public func int(_ name: String) -> Int? {
    if case .int(let value)? = values[name] { value } else { nil }
  }

  public func string(_ name: String) -> String? {
    if case .string(let value)? = values[name] { value } else { nil }
  }

  public func bool(_ name: String) -> Bool? {
    if case .bool(let value)? = values[name] { value } else { nil }
  }

  public func words(_ name: String) -> [String]? {
    if case .words(let value)? = values[name] { value } else { nil }
  }
}

extension DatasetParameter {
  /// The value as this parameter holds it (`3.0` for an int is 3).
  /// - Throws: K406.
  func accept(_ value: DatasetValue, of dataset: String) throws -> DatasetValue {
    let accepted: DatasetValue? =
      switch (kind, value) {
      case (.int, .int), (.float, .float), (.string, .string), (.bool, .bool), (.choiceOrInt, .int): value
      case (.int, .float(let number)), (.choiceOrInt, .float(let number)): Int(exactly: number).map { .int($0) }
      case (.float, .int(let number)): .float(Double(number))
      case (.choice(let words), .string(let word)), (.choiceOrInt(let words), .string(let word)):
        words.contains(word) ? value : nil
      case (.words(let words), .string(let word)): words.contains(word) ? .words([word]) : nil
      case (.words(let words), .words(let given)):
        !given.isEmpty && given.allSatisfy(words.contains) && Set(given).count == given.count ? value : nil
      default: nil
      }
    guard let accepted, isInRange(accepted) else {
      throw DatasetProblems.badParameter(name, of: dataset, got: value.text, expected: expectation)
    }
    return accepted
  }

  private func isInRange(_ value: DatasetValue) -> Bool {
    guard let range else { return true }
    return switch value {
    case .int(let number): range.contains(Double(number))
    case .float(let number): range.contains(number)
    case .string, .bool, .words: true
    }
  }

  /// "a whole number from 1 to 4,294,967,295".
  public var expectation: String {
    let bounds = range.map { " from \(Self.text($0.lowerBound)) to \(Self.text($0.upperBound))" } ?? ""
    return switch kind {
    case .int: "a whole number" + bounds
    case .float: "a number" + bounds
    case .string: "a string"
    case .bool: "true or false"
    case .choice(let words): words.joined(separator: " or ")
    case .words(let words): "one or several of " + words.joined(separator: ", ") + ", each once"
    case .choiceOrInt(let words): (words + ["a whole number" + bounds]).joined(separator: ", ")
    }
  }

  private static func text(_ bound: Double) -> String {
    Int(exactly: bound).map { $0.grouped } ?? "\(bound)"
  }
}

extension DatasetValue {
  public var text: String {
    switch self {
    case .int(let value): "\(value)"
    case .float(let value): "\(value)"
    case .string(let value): "\"\(value)\""
    case .bool(let value): "\(value)"
    case .words(let words): "[" + words.joined(separator: ", ") + "]"
    }
  }
}
