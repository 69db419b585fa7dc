/// One LongBench record as its file has it.
public struct LongBenchRecord: Sendable, Equatable {
  /// Place among the records of its task, from 0; a benchmark made of chosen records keeps the place they came from.
  public var row: Int
  public var input: String
  public var context: String
  public var answers: [String]
  /// Words (characters in Chinese) of the record, as LongBench counts them.
  public var length: Int?
  public var dataset: String?
  public var language: String?
  /// The class names of a classification task.
  public var classes: [String]
  public var id: String?

  private typealias Failure = JSONByteScanner.Failure
  private static let form =
    "an object {\"input\": ..., \"context\": \"text\", \"answers\": [\"text\", ...], \"dataset\": ..., ...}"

  /// Reads the object at the scanner's place.
  init(_ scanner: inout JSONByteScanner, row: Int, depth: Int) throws(JSONByteScanner.Failure) {
    let start = scanner.offset
    guard scanner.current == UInt8(ascii: "{") else { throw scanner.wrongKind("the record", expected: Self.form) }
    let tree = try JSONTree.read(&scanner, depth: depth)
    func wrong(_ what: String) -> Failure { Failure(offset: start, what: what, expected: Self.form) }
    func text(_ key: String) throws(Failure) -> String? {
      switch tree[key] {
      case nil: return nil
      case .string(let text): return text
      case let other?: throw wrong("`\(key)` is \(other.kindName)")
      }
    }
    func texts(_ key: String) throws(Failure) -> [String]? {
      guard let value = tree[key] else { return nil }
      guard case .array(let elements) = value else { throw wrong("`\(key)` is \(value.kindName)") }
      var texts: [String] = []
      for element in elements {
        guard case .string(let text) = element else { throw wrong("`\(key)` holds \(element.kindName)") }
        texts.append(text)
      }
      return texts
    }
    func number(_ key: String) -> Int? {
      if case .number(let text)? = tree[key] { Int(text) } else { nil }
    }
    guard let context = try text("context") else { throw wrong("the record has no `context`") }
    guard let answers = try texts("answers") else { throw wrong("the record has no `answers`") }
    self.row = number("row").flatMap { $0 >= 0 ? $0 : nil } ?? row
    self.context = context
    self.answers = answers
    input = try text("input") ?? ""
    length = number("length")
    dataset = try text("dataset")
    language = try text("language")
    classes = try texts("all_classes") ?? []
    id = try text("_id")
  }
}

extension LongBenchRecord {
  /// The record in LongBench's form with its place, on one line.
  var json: String {
    func quoted(_ text: String) -> String { JSONByteText.quoted(text) }
    func list(_ texts: [String]) -> String { "[" + texts.map(quoted).joined(separator: ", ") + "]" }
    let members = [
      ("input", quoted(input)), ("context", quoted(context)), ("answers", list(answers)),
      ("length", length.map(String.init) ?? "null"), ("dataset", dataset.map(quoted) ?? "null"),
      ("language", language.map(quoted) ?? "null"), ("all_classes", classes.isEmpty ? "null" : list(classes)),
      ("_id", id.map(quoted) ?? "null"), ("row", String(row)),
    ]
    return "{" + members.map { "\"\($0.0)\": \($0.1)" }.joined(separator: ", ") + "}"
  }
}
