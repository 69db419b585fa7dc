/// Typed getters of the metadata.
///
/// Each throws K207 if the key is missing and K208 if its value is of another type; the `optional` forms give nil for
/// a missing key and still throw K208.
extension GGUFFile {
  public func string(_ key: String) throws -> String { try required(key, optionalString(key), "a string") }
  public func int(_ key: String) throws -> Int { try required(key, optionalInt(key), "an integer") }
  public func float(_ key: String) throws -> Float { try required(key, optionalFloat(key), "a float") }
  public func bool(_ key: String) throws -> Bool { try required(key, optionalBool(key), "a bool") }
  public func strings(_ key: String) throws -> [String] {
    try required(key, optionalStrings(key), "an array of strings")
  }
  public func ints(_ key: String) throws -> [Int] { try required(key, optionalInts(key), "an array of integers") }
  public func floats(_ key: String) throws -> [Float] { try required(key, optionalFloats(key), "an array of floats") }

  public func optionalString(_ key: String) throws -> String? {
    guard let value = metadata[key] else { return nil }
    guard case .string(let string) = value else { throw mismatch(key, value, "a string") }
    return string
  }

  public func optionalInt(_ key: String) throws -> Int? {
    guard let value = metadata[key] else { return nil }
    switch value {
    case .integer(let stored):
      guard let number = Int(exactly: stored) else { fallthrough }
      return number
    default: throw mismatch(key, value, "an integer")
    }
  }

  /// A float, or an integer read as one.
  public func optionalFloat(_ key: String) throws -> Float? {
    guard let value = metadata[key] else { return nil }
    switch value {
    case .float(let stored): return Float(stored)
    case .integer(let stored): return Float(stored)
    default: throw mismatch(key, value, "a float")
    }
  }

  public func optionalBool(_ key: String) throws -> Bool? {
    guard let value = metadata[key] else { return nil }
    guard case .bool(let stored) = value else { throw mismatch(key, value, "a bool") }
    return stored
  }

  public func optionalStrings(_ key: String) throws -> [String]? {
    guard let value = metadata[key] else { return nil }
    guard case .strings(let stored) = value else { throw mismatch(key, value, "an array of strings") }
    return stored
  }

  public func optionalInts(_ key: String) throws -> [Int]? {
    guard let value = metadata[key] else { return nil }
    guard case .integers(let stored) = value else { throw mismatch(key, value, "an array of integers") }
    let numbers = stored.compactMap { Int(exactly: $0) }
    guard numbers.count == stored.count else { throw mismatch(key, value, "integers of the machine's width") }
    return numbers
  }

  /// Floats, or integers read as floats.
  public func optionalFloats(_ key: String) throws -> [Float]? {
    guard let value = metadata[key] else { return nil }
    switch value {
    case .floats(let stored): return stored.map { Float($0) }
    case .integers(let stored): return stored.map { Float($0) }
    default: throw mismatch(key, value, "an array of floats")
    }
  }

  private func required<Value>(_ key: String, _ value: Value?, _ expected: String) throws -> Value {
    guard let value else {
      throw RuntimeProblem(
        "K207", seen: "\(name): the metadata has no '\(key)'", expected: expected,
        suggestion: FormatProblems.fetchAgain)
    }
    return value
  }

  private func mismatch(_ key: String, _ value: GGUFValue, _ expected: String) -> RuntimeProblem {
    var seen = value.typeName
    if case .unsigned(let number) = value { seen = number.grouped }
    return RuntimeProblem(
      "K208", seen: "\(name): '\(key)' is \(seen)", expected: expected, suggestion: FormatProblems.fetchAgain)
  }
}
