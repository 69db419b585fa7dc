import Lang

/// `source "study.kvs"`: runs a file as if its lines stood there.
struct SourceCommand: Command {
  static let mostFiles = 16

  let workbench: Workbench

  let signature = Signature(
    "source", summary: "Runs a file in this session: its names stay, its values are printed.",
    details: """
      The whole file is checked before its first line runs. `import` takes over the names of a file and prints nothing; \
      `source` does what typing its lines would do.
      """,
    parameters: [Parameter("path", .path, doc: "The script.", positional: true, required: true)],
    examples: [
      Example("\"6 * 7\" | save \"answer.txt\"; source \"answer.txt\"", "A script of one line, written and run.")
    ],
    group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value {
    let path = TextFile.expanded(try call.path("path"))
    guard let run = workbench.runSource else { return .nil }
    guard !workbench.sourcing.contains(path), workbench.sourcing.count < Self.mostFiles else {
      throw ShellProblems.sourceCycle(path, at: call.span(of: "path"))
    }
    let text: String
    do { text = try ScriptText.read(path) } catch let problem as Problem { throw problem.at(call.span(of: "path")) }
    workbench.sourcing.append(path)
    defer { workbench.sourcing.removeLast() }
    try run(Source(name: path, text: text))
    return .nil
  }
}
