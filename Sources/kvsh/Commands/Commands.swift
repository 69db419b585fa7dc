import Lang

/// The commands of kvsh: one line each.
enum Commands {
  static func all(_ workbench: Workbench, problems: ProblemCatalogue) -> [any Command] {
    [
      ModelCommand(workbench: workbench),
      ModelsCommand(workbench: workbench),
      TokenizeCommand(workbench: workbench),
      LogprobsCommand(workbench: workbench),
      GenerateCommand(workbench: workbench),
      CompressCommand(),
      CompressorsCommand(),
      RunCommand(workbench: workbench),
      MeasureCommand(workbench: workbench),
      PerplexityCommand(workbench: workbench),
      DataCommand(workbench: workbench),
      PeekCommand(workbench: workbench),
      LengthsCommand(),
      NegativesCommand(workbench: workbench),
      CompareCommand(workbench: workbench),
      PlotCommand(workbench: workbench),
      SaveCommand(workbench: workbench),
      LoadCommand(),
      HistoryCommand(workbench: workbench),
      HelpCommand(problems: problems),
    ] + TableCommands.all
  }
}
