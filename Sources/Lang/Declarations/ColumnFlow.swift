/// How columns change on their way through a command, so that a name that is not among them is found before anything runs.
public enum ColumnFlow: Sendable {
  case unknown
  /// What the declaration lists as `columns`, and no others.
  case exact
  /// Those that come in.
  case same
  /// Made of those that come in and of the arguments; nil if it cannot be told.
  case computed(@Sendable (_ columns: [String]?, _ arguments: ColumnArguments) -> [String]?)
}

/// The arguments of a stage as far as they name columns.
public struct ColumnArguments: Sendable {
  /// Words given to `.column` parameters; a parameter whose words are not all known before running is absent.
  public var words: [String: [String]] = [:]
  /// Texts of the expressions given to `.expression` parameters.
  public var expressions: [String: [String]] = [:]
  /// Names of `NAME=expression` arguments.
  public var named: [String] = []
  /// Columns or names of records that arguments which are values are known to have.
  public var values: [String: [String]] = [:]
  /// Parameters that were given.
  public var given: Set<String> = []
}

/// One stage of a pipeline with what is known of it before anything runs.
public struct StageSummary: Sendable {
  public var command: String
  /// The catalogue entries that bare words chose, with their arguments; nil arguments are not all known.
  public var chosen: [(entry: NameEntry, kind: String, arguments: EntryArguments?)]
  public var span: Span
}
