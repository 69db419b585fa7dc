import Lang

/// `help`, `help kivi`, `help K012`: everything said here comes from the declarations.
struct HelpCommand: Command {
  let problems: ProblemCatalogue
  let terminal: TerminalTraits

  let signature = Signature(
    "help", summary: "Explains a command, a method, a data set, a plot, a function or a problem code.",
    details: """
      `help` names everything on one screen, `help commands` has a line for each command, `help method` for each method. \
      A function of yours is explained by the `##` lines above its `def`.
      """,
    parameters: [
      Parameter("topic", .path, doc: "What to explain; nothing gives an overview.", positional: true)
    ],
    examples: [
      Example("help run", "The parameters of `run`."), Example("help kivi", "A method's card."),
      Example("help K012", "What a problem's code means."),
    ],
    group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value {
    let help = Help(
      context: context, problems: problems, columns: terminal.isTerminal ? TerminalSize.current().columns : nil,
      colour: terminal.plotStyle.colors != .none)
    if let topic = call.optional("topic") {
      context.print(try help.topic(topic.text, at: call.span(of: "topic")))
    } else {
      context.print(help.overview())
    }
    return .nil
  }
}
