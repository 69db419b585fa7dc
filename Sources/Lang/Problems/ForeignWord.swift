/// Words of neighbouring languages and what is written here instead; only suggestions read them.
enum ForeignWord {
  /// Where a command or statement was expected.
  static let statements: [String: String] = {
    let entries: [(words: [String], instead: String)] = [
      (["var", "const", "mut", "set", "local"], "`let x = ...` makes a variable"),
      (["fn", "func", "function", "fun", "lambda", "proc"], "`def f(x) { ... }` makes a function"),
      (["echo", "println", "printf", "puts"], "`print(...)` prints"),
      (["elif", "elseif", "elsif"], "write `else if`"),
      (["match", "switch", "case"], "write `if ... { } else if ... { }`, or take the value out of a record"),
      (["raise", "throw", "panic"], "`fail(\"...\")` reports a problem"),
      (["each", "foreach", "par-each"], "`map(x -> ...)` works on every element"),
      (["get"], "`value.name` reads a field or a column"),
      (["first", "limit", "take", "show"], "`head 5` keeps the first rows"),
      (["skip", "drop"], "`x[3:]` leaves out the first three"),
      (["group-by", "groupby", "group_by", "group"], "`summarize mean(x) by=column` makes groups"),
      (["mutate", "update", "insert", "upsert", "assign", "with_column"], "`derive name=...` computes a column"),
      (["order", "order_by", "orderby", "sort-by", "sort_by", "arrange"], "`sort column` orders rows"),
      (["reject"], "`select` names the columns that stay"),
      (["open", "read_csv", "read_json", "from"], "`load \"rows.csv\"` reads a table"),
      (["to_csv", "to_json", "export"], "`save \"rows.csv\"` writes a table"),
      (["pass"], "a block may be empty: `{ }`"),
    ]
    return Dictionary(entries.flatMap { entry in entry.words.map { ($0, entry.instead) } }) { first, _ in first }
  }()

  /// Where a value was expected.
  static let values: [String: String] = {
    let entries: [(words: [String], instead: String)] = [
      (["None", "null", "Null", "NULL", "undefined", "none"], "nothing is written `nil`"),
      (["length", "size", "strlen", "nrow"], "`len(x)` counts the elements"),
      (["avg", "average"], "`mean(x)` is the arithmetic mean"),
      (["stdev", "stddev", "sd"], "`std(x)` is the standard deviation"),
      (["ln"], "`log(x)` is the natural logarithm"),
      (["append", "push"], "`xs + [x]` is the list with one element more"),
      (["println", "echo", "printf"], "`print(...)` prints"),
      (["tostring", "to_string", "String"], "`str(x)` is the value as text"),
      (["lambda"], "write `x -> ...`"),
      (["reduce", "foldl"], "`fold(list, first, (a, b) -> ...)` combines the elements"),
      (["raise", "throw"], "`fail(\"...\")` reports a problem"),
    ]
    return Dictionary(entries.flatMap { entry in entry.words.map { ($0, entry.instead) } }) { first, _ in first }
  }()

  /// Where the text should have gone on otherwise.
  static let places: [String: String] = [
    "elif": "write `else if`", "elseif": "write `else if`", "then": "a block stands in braces: `if x { ... }`",
    "do": "a block stands in braces: `for x in xs { ... }`", "except": "write `catch e { ... }`",
    ":": "a block stands in braces: `{ ... }`", "||": "conditions are joined by `or`",
    "=>": "write `x -> ...`", "++": "write `x += 1`",
  ]

  /// Characters that other languages use.
  static let characters: [String: String] = [
    "&": "conditions are joined by `and`", "!": "write `not`", "$": "a name is written without `$`",
    "`": "text stands in \"...\" or '...'", "?": "write `if c { a } else { b }`",
    "\\": "a line goes on inside brackets, or where the next begins with `|`",
    "~": "write `not`, or put a path in quotes",
  ]
}
