/// The names a parser must know: where a line begins with a command, its arguments may be bare words.
struct Vocabulary {
  var commands: CommandRegistry
  var functions: FunctionRegistry
  var catalogue: any Catalogue
  /// Variables and functions that exist before the text; the parser adds those that the text makes.
  var variables: Set<String>
}
