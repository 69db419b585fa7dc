/// One thing that could stand at the cursor.
public struct Completion: Hashable, Sendable {
  public enum Kind: String, Sendable {
    case command, name, parameter, value, variable, function, column, keyword, field
  }

  /// What replaces `range`.
  public var text: String
  public var doc: String
  public var kind: Kind
  /// UTF-8 offsets of the part of the text that is replaced.
  public var range: Range<Int>

  public init(_ text: String, doc: String, kind: Kind, range: Range<Int>) {
    self.text = text
    self.doc = doc
    self.kind = kind
    self.range = range
  }
}

/// Completions and multi-line reading for an editor; never runs anything.
public struct Completer {
  let context: Context

  public init(context: Context) { self.context = context }

  /// What could stand at a UTF-8 offset of the text.
  public func completions(_ text: String, at cursor: Int) -> [Completion] { [] }

  /// False while a bracket or string is open or the text ends in `|`: an editor then asks for another line.
  public static func isComplete(_ text: String) -> Bool { true }
}
