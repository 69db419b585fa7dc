/// A file of prompts: plain text with one prompt a line, or JSON Lines.
public struct PromptFile: Sendable, Equatable {
  public enum Form: String, Sendable {
    /// Every line that is not blank is a prompt.
    case text
    /// Every line that is not blank is an object with `prompt` and perhaps `id` and `reference`.
    case jsonl
  }

  public struct Prompt: Sendable, Equatable {
    /// From 1.
    public var line: Int
    public var id: String?
    public var text: String
    public var reference: String?
  }

  public let path: String
  public let form: Form
  public let prompts: [Prompt]

  /// - Parameter form: nil finds out by the name and the first line.
  /// - Throws: K201 unreadable, K403 invalid JSON or UTF-8, K404 wrong shape, K405 no prompts.
  public init(path: String, form: Form? = nil) throws {
    try self.init(MappedFile(path: path), form: form)
  }

  /// Reads text that is in memory; `name` stands for the path.
  public init(_ bytes: [UInt8], name: String, form: Form? = nil) throws {
    try self.init(MappedFile(content: bytes, name: name), form: form)
  }

  private init(_ bytes: MappedFile, form: Form?) throws {
    path = bytes.path
    (self.form, prompts) = try bytes.withBytes { raw in
      let lines = Self.lines(raw)
      let form = form ?? Self.guessForm(raw, lines, path: bytes.path)
      let prompts = try lines.map { line in
        do throws(JSONByteScanner.Failure) {
          return form == .text ? try Self.readText(raw, line) : try Self.readObject(raw, line)
        } catch {
          throw DatasetProblems.invalid(bytes.path, error, record: line.number, unit: "line")
        }
      }
      return (form, prompts)
    }
    guard !prompts.isEmpty else {
      throw DatasetProblems.nothingUsable(path, "the file has no prompts", expected: "one prompt a line")
    }
  }

  // MARK: Lines

  private struct Line {
    /// From 1, blank lines counted.
    var number: Int
    /// Without the line end and without white space around.
    var range: Range<Int>
  }

  private static func lines(_ raw: UnsafeRawBufferPointer) -> [Line] {
    var lines: [Line] = []
    var start = raw.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
    var number = 1
    while start < raw.count {
      let end = raw[start...].firstIndex(of: 0x0a) ?? raw.count
      var range = start..<end
      while let first = range.first, isBlank(raw[first]) { range = (first + 1)..<range.upperBound }
      while let last = range.last, isBlank(raw[last]) { range = range.lowerBound..<last }
      if !range.isEmpty { lines.append(Line(number: number, range: range)) }
      start = end + 1
      number += 1
    }
    return lines
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 || byte == 0x0d }

  private static func guessForm(_ raw: UnsafeRawBufferPointer, _ lines: [Line], path: String) -> Form {
    if [".jsonl", ".ndjson", ".json"].contains(where: { path.lowercased().hasSuffix($0) }) { return .jsonl }
    guard let first = lines.first else { return .text }
    return (try? readObject(raw, first)) == nil ? .text : .jsonl
  }

  private static func readText(
    _ raw: UnsafeRawBufferPointer, _ line: Line
  ) throws(JSONByteScanner.Failure) -> Prompt {
    guard let text = String(validating: UnsafeRawBufferPointer(rebasing: raw[line.range]), as: UTF8.self) else {
      throw JSONByteScanner.Failure(offset: line.range.lowerBound, what: "the line is not valid UTF-8")
    }
    return Prompt(line: line.number, text: text)
  }

  private static func readObject(
    _ raw: UnsafeRawBufferPointer, _ line: Line
  ) throws(JSONByteScanner.Failure) -> Prompt {
    let form = "an object {\"prompt\": \"text\", \"reference\": \"text\"}"
    var scanner = JSONByteScanner(raw, range: line.range)
    guard scanner.current == UInt8(ascii: "{") else { throw scanner.wrongKind("the line", expected: form) }
    var fields: [String: String] = [:]
    try scanner.eachMember(depth: 0) { (scanner, key) throws(JSONByteScanner.Failure) in
      let isID = scanner.isKey(key, "id")
      guard isID || scanner.isKey(key, "prompt") || scanner.isKey(key, "reference") else {
        return try scanner.skipValue(depth: 1)
      }
      let name = JSONByteText.decode(raw, key)
      let start = scanner.offset
      if scanner.current == UInt8(ascii: "\"") {
        fields[name] = JSONByteText.decode(raw, try scanner.skipString())
      } else if isID || (name == "reference" && scanner.current == UInt8(ascii: "n")) {
        try scanner.skipValue(depth: 1)
        if isID { fields[name] = JSONByteText.decode(raw, start..<scanner.offset) }
      } else {
        throw scanner.wrongKind("`\(name)`", expected: "a string")
      }
    }
    scanner.skipWhitespace()
    guard scanner.current == nil else { throw scanner.unexpected("the end of the line after the object") }
    guard let prompt = fields["prompt"], !prompt.isEmpty else {
      let what = fields["prompt"] == nil ? "the object has no `prompt`" : "`prompt` is empty"
      throw JSONByteScanner.Failure(offset: line.range.lowerBound, what: what, expected: form)
    }
    return Prompt(line: line.number, id: fields["id"], text: prompt, reference: fields["reference"])
  }
}
