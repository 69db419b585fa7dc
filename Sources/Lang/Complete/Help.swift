/// Help text made from the declarations.
public struct Help {
  let context: Context
  let problems: ProblemCatalogue

  /// - Parameter problems: the codes of the language and those of the host.
  public init(context: Context, problems: ProblemCatalogue = .language) {
    self.context = context
    self.problems = problems
  }

  /// All commands with their summary lines, by group.
  public func overview() -> String {
    var groups: [(name: String, rows: [(String, String)])] = []
    for signature in context.commands.signatures {
      if let index = groups.firstIndex(where: { $0.name == signature.group }) {
        groups[index].rows.append((signature.name, signature.summary))
      } else {
        groups.append((signature.group, [(signature.name, signature.summary)]))
      }
    }
    var parts = groups.map { "\($0.name)\n" + Self.aligned($0.rows) }
    for kind in context.catalogue.kinds where !context.catalogue.entries(of: kind).isEmpty {
      parts.append(
        "`help \(kind)` lists every \(kind); `help NAME` explains a command, a name, a function or a code such as K012."
      )
      break
    }
    parts.append("functions\n  " + Self.wrapped(context.functions.all.map(\.name)))
    return parts.joined(separator: "\n\n")
  }

  /// Help for a command, a kind of names (`method`), an entry (`kivi`, `method kivi`), a function, or a problem code;
  /// throws a `Problem` with a suggestion if there is nothing of that name.
  public func topic(_ topic: String, at span: Span? = nil) throws -> String {
    let words = topic.split(separator: " ").map(String.init)
    guard let name = words.last else { return overview() }
    var parts: [String] = []
    if words.count == 2 {
      if let entry = context.catalogue.entry(name, of: words[0]) { return self.entry(entry, words[0]) }
    } else {
      if let signature = context.commands.signature(name) { parts.append(command(signature)) }
      for kind in context.catalogue.kinds {
        if let entry = context.catalogue.entry(name, of: kind) { parts.append(self.entry(entry, kind)) }
      }
      if context.catalogue.kinds.contains(name) { parts.append(kind(name)) }
      if case .function(let function)? = context.variable(name) {
        parts.append("\(Value.function(function).text)\n\(function.doc)")
      } else if let builtin = context.functions.table[name] {
        parts.append(self.function(builtin))
      }
      if let problem = problems[name] { parts.append("\(problem.code): \(problem.title)\n\n\(problem.explanation)") }
    }
    guard !parts.isEmpty else { throw unknown(topic, at: span) }
    return parts.joined(separator: "\n\n")
  }

  private func unknown(_ topic: String, at span: Span?) -> Problem {
    let kinds = context.catalogue.kinds
    let names =
      context.commands.signatures.map(\.name) + kinds + kinds.flatMap { context.catalogue.entries(of: $0).map(\.name) }
      + context.functions.all.map(\.name) + problems.entries.map(\.code)
    return Problem("K063", seen: "there is no help on `\(topic)`", suggestion: NearestName.suggestion(topic, in: names))
      .at(span)
  }

  private func command(_ signature: Signature) -> String {
    var parts = ["\(usage(signature))\n\(signature.summary)"]
    if !signature.details.isEmpty { parts.append(signature.details) }
    let into = signature.accepts.filter { $0 != .nil }
    if !into.isEmpty { parts.append("takes from the pipe: \(ValueType.union(into).name)") }
    if signature.produces != .nil { parts.append("yields: \(signature.produces.name)") }
    parts += [parameters(signature.parameters), examples(signature.examples)].filter { !$0.isEmpty }
    return parts.joined(separator: "\n\n")
  }

  private func usage(_ signature: Signature) -> String {
    let words = signature.parameters.map { parameter -> String in
      let word =
        parameter.positional ? parameter.name.uppercased() + (parameter.variadic ? "..." : "") : "\(parameter.name)="
      return parameter.required ? word : "[\(word)]"
    }
    return ([signature.name] + words + (signature.takesNamedExpressions ? ["NAME=expression..."] : [])).joined(
      separator: " ")
  }

  private func entry(_ entry: NameEntry, _ kind: String) -> String {
    let parts = [
      "\(entry.name)  (\(kind))\n\(entry.summary)", entry.details, parameters(entry.parameters),
      examples(entry.examples),
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func function(_ function: Builtin) -> String {
    let documented = function.parameters.filter { !$0.doc.isEmpty }
    let parts = [
      "\(function.usage)  (function)\n\(function.summary)", function.details, parameters(documented),
      examples(function.examples),
    ]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  private func kind(_ kind: String) -> String {
    "\(kind)\n" + Self.aligned(context.catalogue.entries(of: kind).map { ($0.name, $0.summary) })
  }

  private func parameters(_ parameters: [Parameter]) -> String {
    guard !parameters.isEmpty else { return "" }
    return "parameters\n" + Self.aligned(parameters.map { ($0.name, Self.describe($0)) })
  }

  /// Doc line, then type, default, limits and allowed values in brackets.
  static func describe(_ parameter: Parameter) -> String {
    var facts: [String] = []
    switch parameter.type {
    case .value(let type): facts.append(type.name + (parameter.sweepable ? " or a list of them" : ""))
    case .name(let kind): facts.append("name of a \(kind)")
    case .choice(let words): facts.append(words.joined(separator: ", "))
    case .path: facts.append("path")
    case .column: facts.append("column")
    case .expression: facts.append("expression over the columns")
    }
    if !parameter.allowed.isEmpty { facts.append("one of " + parameter.allowed.map(\.text).joined(separator: ", ")) }
    if let range = parameter.range {
      facts.append("\(Problem.number(range.lowerBound)) to \(Problem.number(range.upperBound))")
    }
    if let value = parameter.defaultValue { facts.append("default \(value.text)") }
    if parameter.required { facts.append("required") }
    return "\(parameter.doc) [\(facts.joined(separator: "; "))]"
  }

  private func examples(_ examples: [Example]) -> String {
    guard !examples.isEmpty else { return "" }
    return "examples\n" + examples.map { "  \($0.code)\n      \($0.note)" }.joined(separator: "\n")
  }

  private static func aligned(_ rows: [(String, String)]) -> String {
    let width = rows.map { DisplayWidth.of($0.0) }.max() ?? 0
    return rows.map { name, text in
      "  \(name)\(String(repeating: " ", count: width - DisplayWidth.of(name)))  \(text)"
    }.joined(separator: "\n")
  }

  private static func wrapped(_ names: [String]) -> String {
    var lines = [""]
    for name in names {
      if lines[lines.count - 1].count + name.count > 76 { lines.append("") }
      lines[lines.count - 1] += (lines[lines.count - 1].isEmpty ? "" : " ") + name
    }
    return lines.joined(separator: "\n  ")
  }
}
