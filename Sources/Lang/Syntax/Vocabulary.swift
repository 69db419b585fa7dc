/// The names a parser must know: where a line begins with a command, its arguments may be bare words.
struct Vocabulary {
  var commands: CommandRegistry
  var functions: FunctionRegistry
  var catalogue: any Catalogue
  /// Variables and functions that exist before the text; the parser adds those that the text makes.
  var variables: VariableNames
}

/// Names that come with blocks and go with them, without a copy of all for every block.
struct VariableNames {
  private var known: Set<String>
  /// What was added, newest last.
  private var added: [String] = []

  init(_ names: some Sequence<String>) { known = Set(names) }

  func contains(_ name: String) -> Bool { known.contains(name) }

  mutating func insert(_ name: String) { if known.insert(name).inserted { added.append(name) } }

  /// To be given to `forget`.
  var mark: Int { added.count }

  /// Takes back what was added since.
  mutating func forget(after mark: Int) { while added.count > mark { known.remove(added.removeLast()) } }
}
