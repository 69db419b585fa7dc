/// Help text made from the declarations.
public struct Help {
  let context: Context
  let problems: ProblemCatalogue
  /// Columns at which lines are folded; nil for no limit.
  let columns: Int?
  let colour: Bool

  /// - Parameter problems: the codes of the language and those of the host.
  public init(
    context: Context, problems: ProblemCatalogue = .language, columns: Int? = nil, colour: Bool = false
  ) {
    self.context = context
    self.problems = problems
    self.columns = columns.map { max($0, 40) }
    self.colour = colour
  }

  /// The names of everything there is help on, on one screen.
  public func overview() -> String {
    var rows = groups.map { ($0.name, $0.signatures.map(\.name)) }
    rows.append(("functions", context.functions.all.map(\.name)))
    for kind in context.catalogue.kinds {
      let names = context.catalogue.entries(of: kind).map(\.name)
      // Presets are found with their method.
      let plain = names.filter { !$0.contains("/") }
      if !plain.isEmpty { rows.append((kind + "s", plain)) }
    }
    let width = rows.map { $0.0.count }.max() ?? 0
    let lists = rows.flatMap { name, names -> [String] in
      let lines = fold(names.joined(separator: " "), indent: width + 2)
      let head = heading(name) + String(repeating: " ", count: width + 2 - name.count)
      return lines.enumerated().map { $0 == 0 ? head + $1 : String(repeating: " ", count: width + 2) + $1 }
    }
    let kind = context.catalogue.kinds.first.map { ", `help \($0)` the \($0)s" } ?? ""
    let more = [
      "`help NAME` explains any of these, a name of yours or a code such as K012;",
      "`help commands` has a line for each command\(kind).",
    ]
    return (lists + [""] + more.flatMap { fold($0, indent: 0) }).joined(separator: "\n")
  }

  /// Commands by group, in the order of registration.
  private var groups: [(name: String, signatures: [Signature])] {
    var groups: [(name: String, signatures: [Signature])] = []
    for signature in context.commands.signatures {
      if let index = groups.firstIndex(where: { $0.name == signature.group }) {
        groups[index].signatures.append(signature)
      } else {
        groups.append((signature.group, [signature]))
      }
    }
    return groups
  }

  /// All commands with their summary lines, by group.
  private func commands() -> String {
    groups.map { heading($0.name) + "\n" + aligned($0.signatures.map { ($0.name, $0.summary) }) }
      .joined(separator: "\n\n")
  }

  /// Help for a command, a kind of names (`method`), an entry (`kivi`, `method kivi`), a function, or a problem code;
  /// throws a `Problem` with a suggestion if there is nothing of that name.
  public func topic(_ topic: String, at span: Span? = nil) throws -> String {
    let words = topic.split(separator: " ").map(String.init)
    guard let name = words.last else { return overview() }
    if topic == "commands" { return commands() }
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
        let doc = function.doc.isEmpty ? "A function of this session." : function.doc
        parts.append("\(Value.function(function).text)  (function)\n\(doc)")
      } else if let value = context.variable(name) {
        parts.append("\(name)  (variable)\nA \(value.type.name) of this session.")
      } else if let builtin = context.functions.table[name] {
        parts.append(self.function(builtin))
      }
      if let problem = problems[name] {
        parts.append(
          "\(problem.code): \(problem.title)\n\n" + fold(problem.explanation, indent: 0).joined(separator: "\n"))
      }
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
    var parts = [usage(signature) + "\n" + fold(signature.summary, indent: 0).joined(separator: "\n")]
    if !signature.details.isEmpty { parts.append(paragraphs(signature.details)) }
    let into = signature.accepts.filter { $0 != .nil }
    var flow: [String] = []
    if !into.isEmpty { flow.append("takes from the pipe: \(ValueType.union(into).name)") }
    if signature.produces != .nil { flow.append("yields: \(signature.produces.name)") }
    if !signature.columns.isEmpty {
      flow += fold("columns: " + signature.columns.joined(separator: " "), indent: 2).enumerated().map {
        $0 == 0 ? $1 : "  " + $1
      }
    }
    parts.append(flow.joined(separator: "\n"))
    parts += [parameters(signature.parameters), examples(signature.examples)]
    return parts.filter { !$0.isEmpty }.joined(separator: "\n\n")
  }

  /// The command with its arguments: those without a name, then the names, folded.
  private func usage(_ signature: Signature) -> String {
    let words = signature.parameters.map { parameter -> String in
      let word =
        parameter.positional ? parameter.name.uppercased() + (parameter.variadic ? "..." : "") : "\(parameter.name)="
      return parameter.required ? word : "[\(word)]"
    }
    let all = words + (signature.takesNamedExpressions ? ["NAME=expression..."] : [])
    let indent = signature.name.count + 1
    let lines = fold(all.joined(separator: " "), indent: indent)
    return lines.enumerated().map { index, line in
      index == 0 ? heading(signature.name) + " " + line : String(repeating: " ", count: indent) + line
    }.joined(separator: "\n")
  }

  private func entry(_ entry: NameEntry, _ kind: String) -> String {
    let parts = [
      heading(entry.name) + "  (\(kind))\n" + fold(entry.summary, indent: 0).joined(separator: "\n"),
      paragraphs(entry.details), parameters(entry.parameters), examples(entry.examples),
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
    heading(kind) + "\n" + aligned(context.catalogue.entries(of: kind).map { ($0.name, $0.summary) })
  }

  private func parameters(_ parameters: [Parameter]) -> String {
    guard !parameters.isEmpty else { return "" }
    return heading("parameters") + "\n" + aligned(parameters.map { ($0.name, Self.describe($0)) })
  }

  /// Doc line, then type, default, limits and allowed values in brackets.
  static func describe(_ parameter: Parameter) -> String {
    "\(parameter.doc) [\(facts(parameter).joined(separator: "; "))]"
  }

  /// What a value of a parameter may be.
  static func facts(_ parameter: Parameter) -> [String] {
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
    return facts
  }

  private func examples(_ examples: [Example]) -> String {
    guard !examples.isEmpty else { return "" }
    return heading("examples") + "\n" + examples.map { "  \($0.code)\n      \($0.note)" }.joined(separator: "\n")
  }

  // MARK: Layout

  private func heading(_ text: String) -> String { colour ? "\u{1B}[1m\(text)\u{1B}[0m" : text }

  /// Lines of at most the width, less an indent, broken at blanks.
  private func fold(_ text: String, indent: Int) -> [String] {
    guard let columns else { return [text] }
    var lines: [String] = [""]
    var used = 0
    for word in text.split(separator: " ") {
      let width = DisplayWidth.of(word)
      if used > 0, used + 1 + width > columns - indent {
        lines.append("")
        used = 0
      }
      lines[lines.count - 1] += (used > 0 ? " " : "") + word
      used += (used > 0 ? 1 : 0) + width
    }
    return lines
  }

  /// Text with line breaks and indents of its own; each of its lines is folded under its own beginning.
  private func paragraphs(_ text: String) -> String {
    text.split(separator: "\n", omittingEmptySubsequences: false).flatMap { line -> [String] in
      let lead = String(line.prefix { $0 == " " })
      return fold(String(line.dropFirst(lead.count)), indent: lead.count + 2).enumerated().map {
        lead + ($0 == 0 || lead.isEmpty ? "" : "  ") + $1
      }
    }.joined(separator: "\n")
  }

  /// Names and texts side by side; a text is folded in its own column, or under its name if that leaves too little room.
  private func aligned(_ rows: [(String, String)]) -> String {
    let width = rows.map { DisplayWidth.of($0.0) }.max() ?? 0
    let isNarrow = columns.map { $0 - width - 4 < 30 } ?? false
    let indent = isNarrow ? 6 : width + 4
    return rows.map { name, text in
      let lines = fold(text, indent: indent)
      let gap = String(repeating: " ", count: width - DisplayWidth.of(name))
      let head = isNarrow ? "  \(name)\n" + String(repeating: " ", count: indent) : "  \(name)\(gap)  "
      return head + lines.joined(separator: "\n" + String(repeating: " ", count: indent))
    }.joined(separator: "\n")
  }
}
