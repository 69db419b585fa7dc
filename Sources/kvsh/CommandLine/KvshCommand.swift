import ArgumentParser
import Foundation

/// The program: a shell, or a script that is run.
@main
struct KvshCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "kvsh",
    abstract: "A shell for experiments on the key/value cache of language models.",
    usage: """
      kvsh [options]                        the shell
      kvsh [options] FILE [ARGUMENT...]     runs a script
      kvsh [options] -c LINE [ARGUMENT...]  runs a line
      kvsh check FILE...                    reports every problem of scripts without running them
      """,
    discussion: """
      Without a file the script is read from standard input, unless that is a terminal. A script's arguments that begin \
      with a dash follow after --.

      Exit codes: 0 done, 1 a problem while running, 2 the text does not parse or check, 130 interrupted.
      KVSH_HOME names the folder of models, finished rows and history; KVSH_THREADS sets the number of threads.
      """,
    version: "kvsh \(Version.kvsh)")

  @Option(name: .customShort("c"), parsing: .unconditional, help: ArgumentHelp("Run one line.", valueName: "line"))
  var line: String?

  @Option(help: "The form of what is printed last: table, json or csv; all else then goes to standard error.")
  var format: OutputFormat?

  @Option(help: "The folder of models, finished rows and history.")
  var home: String?

  @Argument(help: "A script and its arguments; - is standard input.")
  var words: [String] = []

  func run() throws {
    let (work, arguments) = Work.choose(line: line, words: words, isInputTerminal: isatty(0) == 1)
    let start = Start(home: home, format: format, arguments: arguments)
    let status: ExitStatus =
      switch work {
      case .shell: start.shell()
      case .line(let line): start.run(name: "<command>") { line }
      case .file(let path): start.run(name: path) { try ScriptText.read(path) }
      case .input: start.run(name: "<standard input>", ScriptText.readStandardInput)
      }
    throw ExitCode(status.rawValue)
  }

  static func main() {
    let arguments = Array(CommandLine.arguments.dropFirst())
    do {
      // The parser would give `check` to the script's words before it looks for a command of that name.
      if arguments.first == "check" {
        try CheckCommand.parse(Array(arguments.dropFirst())).run()
      } else {
        try parse(arguments).run()
      }
    } catch let code as ExitCode {
      Foundation.exit(code.rawValue)
    } catch {
      let isCheck = arguments.first == "check"
      let message = isCheck ? CheckCommand.fullMessage(for: error) : fullMessage(for: error)
      let isAsked = exitCode(for: error) == .success
      if !message.isEmpty { StandardStreams.write(message + "\n", to: isAsked ? 1 : 2) }
      Foundation.exit(isAsked ? ExitStatus.done.rawValue : ExitStatus.rejected.rawValue)
    }
  }
}

extension OutputFormat: ExpressibleByArgument {}
