/// A line that shows a command at work.
public struct Example: Sendable {
  public var code: String
  public var note: String

  public init(_ code: String, _ note: String) {
    self.code = code
    self.note = note
  }
}

/// The one declaration of a command: parser, checker, completion, help and notebook read nothing else.
public struct Signature: Sendable {
  public var name: String
  /// One line.
  public var summary: String
  /// Paragraphs for `help NAME`.
  public var details: String
  public var parameters: [Parameter]
  /// Types that may come in through the pipe; `.nil` means the command may stand first.
  public var accepts: [ValueType]
  public var produces: ValueType
  /// Columns of the table that the command produces, as far as they are known beforehand (for completion).
  public var columns: [String]
  /// How the columns that come in become those that go on (for the checker).
  public var flow: ColumnFlow
  /// `NAME=expression` is accepted for any other name: `derive ratio = a / b`.
  public var takesNamedExpressions: Bool
  public var examples: [Example]
  /// Heading under which `help` lists it.
  public var group: String

  public init(
    _ name: String, summary: String, details: String = "", parameters: [Parameter] = [],
    accepts: [ValueType] = [.nil], produces: ValueType = .nil, columns: [String] = [],
    flow: ColumnFlow = .unknown, takesNamedExpressions: Bool = false, examples: [Example] = [],
    group: String = "commands"
  ) {
    self.name = name
    self.summary = summary
    self.details = details
    self.parameters = parameters
    self.accepts = accepts
    self.produces = produces
    self.columns = columns
    self.flow = flow
    self.takesNamedExpressions = takesNamedExpressions
    self.examples = examples
    self.group = group
  }
}
