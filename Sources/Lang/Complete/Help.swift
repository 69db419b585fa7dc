/// Help text made from the declarations; plain text, one paragraph per element of the declaration.
public struct Help {
  let context: Context

  public init(context: Context) { self.context = context }

  /// All commands with their summary lines, by group.
  public func overview() -> String { "" }

  /// Help for a command, a catalogue entry (`kivi`, `method kivi`), a builtin function, a `def`, or a problem code
  /// (`K012`); throws a `Problem` with a suggestion if there is nothing of that name.
  public func topic(_ name: String, at span: Span? = nil) throws -> String { "" }
}
