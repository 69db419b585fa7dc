import Lang

/// The commands of kvsh: one line each.
enum Commands {
  static func all(_ workbench: Workbench, problems: ProblemCatalogue) -> [any Command] {
    [
      ModelCommand(workbench: workbench),
      ModelsCommand(workbench: workbench),
      TokenizeCommand(workbench: workbench),
      LogprobsCommand(workbench: workbench),
      TraceCommand(workbench: workbench),
      GenerateCommand(workbench: workbench),
      CompressCommand(),
      CompressorsCommand(),
      InspectCommand(workbench: workbench),
      RunCommand(workbench: workbench),
      MeasureCommand(workbench: workbench),
      BreakEvenCommand(workbench: workbench),
      ProfileCommand(workbench: workbench),
      PerplexityCommand(workbench: workbench),
      DataCommand(workbench: workbench),
      PeekCommand(workbench: workbench),
      LengthsCommand(),
      VerbosityCommand(workbench: workbench),
      TrainCommand(workbench: workbench),
      PredictCommand(workbench: workbench),
      NegativesCommand(workbench: workbench),
      CompareCommand(workbench: workbench),
      RouteCommand(workbench: workbench),
      ServeStudyCommand(workbench: workbench),
      ExplainCommand(),
      PlotCommand(workbench: workbench),
      SaveCommand(workbench: workbench),
      LoadCommand(workbench: workbench),
      HistoryCommand(workbench: workbench),
      ShowCommand(workbench: workbench),
      ReproCommand(workbench: workbench),
      SourceCommand(workbench: workbench),
      TimeCommand(),
      HelpCommand(problems: problems, terminal: workbench.terminal),
    ] + TableCommands.all
  }
}
