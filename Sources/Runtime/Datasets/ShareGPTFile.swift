/// The conversations of a ShareGPT file: one JSON array of `{"id", "conversations": [{"from", "value"}, ...]}`.
///
///     let file = try ShareGPTFile(path: "ShareGPT_V3_unfiltered_cleaned_split.json")
///     file.conversations.count          // elements with at least two turns
///     file.prompt(file.conversations[0])
///
/// The file is mapped and its grammar checked once; texts stay byte ranges until they are asked for. Source: the sheet
/// `sharegpt`, "JSON form".
public struct ShareGPTFile: Sendable {
  /// An element with at least two turns. Ranges are the bytes inside the quotes of JSON strings.
  public struct Conversation: Sendable, Equatable {
    /// Position in the array, from 1, skipped elements counted.
    public var record: Int
    /// Turns in the conversation.
    public var turns: Int
    var id: Range<Int>?
    var prompt: Range<Int>
    /// nil in a conversation of one turn.
    var reference: Range<Int>?
  }

  /// Elements that count, in file order: two turns or more.
  public let conversations: [Conversation]
  /// Elements of one turn that has a text, in file order; vLLM leaves them out.
  public let loneTurns: [Conversation]
  /// Elements without `conversations`.
  public let withoutConversations: Int
  /// Elements with fewer than two turns.
  public let withTooFewTurns: Int
  /// Escapes of half a surrogate pair anywhere in the file; a text that holds one reads U+FFFD in its place.
  public let loneSurrogates: Int
  /// Where it was read from.
  public var path: String { file.path }
  /// Length of the file.
  public var byteCount: Int { file.bytes.count }

  private let file: MappedFile

  /// - Throws: K201 unreadable, K403 not JSON, K404 wrong shape, K405 empty file or array; K403 and K404 name the record
  ///   (from 1) and the byte (from 0).
  public init(path: String) throws {
    try self.init(MappedFile(path: path))
  }

  /// Reads JSON that is in memory; `name` stands for the path in messages.
  public init(_ bytes: [UInt8], name: String) throws {
    try self.init(MappedFile(content: bytes, name: name))
  }

  private init(_ file: MappedFile) throws {
    let reader = try file.withBytes { raw in
      var reader = ShareGPTReader(raw, path: file.path)
      try reader.read()
      return reader
    }
    self.file = file
    conversations = reader.conversations
    loneTurns = reader.loneTurns
    withoutConversations = reader.withoutConversations
    withTooFewTurns = reader.withTooFewTurns
    loneSurrogates = reader.loneSurrogates
  }

  /// Turn 0.
  public func prompt(_ conversation: Conversation) -> String {
    file.withBytes { JSONByteText.decode($0, conversation.prompt) }
  }

  /// Turn 1; nil in a conversation of one turn.
  public func reference(_ conversation: Conversation) -> String? {
    guard let reference = conversation.reference else { return nil }
    return file.withBytes { JSONByteText.decode($0, reference) }
  }

  /// The element's `id` (a number as written), or "record 17" if it has none.
  public func id(_ conversation: Conversation) -> String {
    guard let id = conversation.id else { return "record \(conversation.record)" }
    return file.withBytes { JSONByteText.decode($0, id) }
  }
}
