/// A JSON object of settings, read by typed getters.
///
/// Each getter throws K207 if the key is missing and K208 if its value is of another type; the `optional` forms give nil
/// for a missing key or a null, and still throw K208.
public struct JSONSettings: Sendable {
  /// What messages name: the folder and the file, and the path inside it.
  public let fileName: String
  let tree: JSONTree

  init(_ tree: JSONTree, fileName: String) throws {
    guard case .object = tree else {
      throw RuntimeProblem(
        "K213", seen: "\(fileName) is \(tree.kindName)", expected: "a JSON object",
        suggestion: FormatProblems.fetchAgain)
    }
    self.tree = tree
    self.fileName = fileName
  }

  /// - Throws: `RuntimeProblem` K201 (file), K213 (not a JSON object).
  public init(path: String, fileName: String) throws {
    try self.init(JSONTree(MappedFile(path: path), fileName: fileName), fileName: fileName)
  }

  public func string(_ key: String) throws -> String { try required(key, optionalString(key), "a string") }
  public func int(_ key: String) throws -> Int { try required(key, optionalInt(key), "an integer") }
  public func float(_ key: String) throws -> Float { try required(key, optionalFloat(key), "a number") }
  public func floats(_ key: String) throws -> [Float] { try required(key, optionalFloats(key), "an array of numbers") }

  public func optionalString(_ key: String) throws -> String? {
    guard let value = tree[key] else { return nil }
    guard case .string(let text) = value else { throw mismatch(key, value, "a string") }
    return text
  }

  public func optionalInt(_ key: String) throws -> Int? {
    guard let value = tree[key] else { return nil }
    guard case .number(let text) = value, let number = Int(text) else { throw mismatch(key, value, "an integer") }
    return number
  }

  public func optionalFloat(_ key: String) throws -> Float? {
    guard let value = tree[key] else { return nil }
    return try JSONSettings.float(value) ?? { throw mismatch(key, value, "a number") }()
  }

  public func optionalBool(_ key: String) throws -> Bool? {
    guard let value = tree[key] else { return nil }
    guard case .bool(let flag) = value else { throw mismatch(key, value, "true or false") }
    return flag
  }

  public func optionalStrings(_ key: String) throws -> [String]? {
    try optionalArray(key, "an array of strings") { if case .string(let text) = $0 { text } else { nil } }
  }

  public func optionalFloats(_ key: String) throws -> [Float]? {
    try optionalArray(key, "an array of numbers", JSONSettings.float)
  }

  /// One integer, or an array of them.
  public func optionalInts(_ key: String) throws -> [Int]? {
    if case .number = tree[key] { return [try int(key)] }
    return try optionalArray(key, "an integer or an array of integers") {
      if case .number(let text) = $0 { Int(text) } else { nil }
    }
  }

  public func optionalRecord(_ key: String) throws -> JSONSettings? {
    guard let value = tree[key] else { return nil }
    guard case .object = value else { throw mismatch(key, value, "an object") }
    return try JSONSettings(value, fileName: "\(fileName): \(key)")
  }

  private static func float(_ value: JSONTree) -> Float? {
    guard case .number(let text) = value else { return nil }
    return Float(text)
  }

  private func optionalArray<Element>(
    _ key: String, _ expected: String, _ read: (JSONTree) -> Element?
  ) throws -> [Element]? {
    guard let value = tree[key] else { return nil }
    guard case .array(let elements) = value else { throw mismatch(key, value, expected) }
    let numbers = elements.compactMap(read)
    guard numbers.count == elements.count else { throw mismatch(key, value, expected) }
    return numbers
  }

  private func required<Value>(_ key: String, _ value: Value?, _ expected: String) throws -> Value {
    guard let value else {
      throw RuntimeProblem(
        "K207", seen: "\(fileName) has no '\(key)'", expected: expected, suggestion: FormatProblems.fetchAgain)
    }
    return value
  }

  func mismatch(_ key: String, _ value: JSONTree, _ expected: String) -> RuntimeProblem {
    RuntimeProblem(
      "K208", seen: "\(fileName): '\(key)' is \(value.kindName)", expected: expected,
      suggestion: FormatProblems.fetchAgain)
  }
}
