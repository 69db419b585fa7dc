import Lang

/// `help`, `help kivi`, `help K012`: everything said here comes from the declarations.
struct HelpCommand: Command {
  let problems: ProblemCatalogue

  let signature = Signature(
    "help", summary: "Explains a command, a method, a data set, a plot, a function or a problem code.",
    parameters: [Parameter("topic", .path, doc: "What to explain; nothing lists the commands.", positional: true)],
    examples: [Example("help run", "The parameters of `run`."), Example("help kivi", "A method's card.")],
    group: "shell")

  func run(_ call: Call, in context: Context) throws -> Value {
    let help = Help(context: context, problems: problems)
    if let topic = call.optional("topic") {
      context.print(try help.topic(topic.text, at: call.span(of: "topic")))
    } else {
      context.print(help.overview())
    }
    return .nil
  }
}
