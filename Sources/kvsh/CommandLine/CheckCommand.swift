import ArgumentParser

/// `kvsh check`: reports every problem of scripts without running them.
struct CheckCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kvsh check", abstract: "Report every problem of a script without running it.",
    discussion: "Exit code 2 if there is an error, else 0.")

  /// The form of the problems.
  enum Form: String, ExpressibleByArgument, CaseIterable {
    case table
    case json
  }

  @Option(help: "table: for people; json: one object a line.")
  var format = Form.table

  @Option(help: "The folder of models, finished rows and history.")
  var home: String?

  @Argument(help: "Scripts; - is standard input.")
  var files: [String]

  func run() throws {
    throw ExitCode(Start(home: home, format: format == .json ? .json : nil).check(files).rawValue)
  }
}
