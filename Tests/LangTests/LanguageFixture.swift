#if !FUZZING
  @testable import Lang
#endif

/// A host value of the tests.
struct FakeObject: LangObject {
  var typeName: String
  var display: String
  func isEqual(to other: any LangObject) -> Bool { (other as? FakeObject)?.display == display }
  var fieldNames: [String] { ["label"] }
  func field(_ name: String) -> Value? { name == "label" ? .string(display) : nil }
}

/// Methods, data sets and plots as a host declares them.
struct FakeCatalogue: Catalogue {
  var kinds: [String] { ["method", "dataset", "plot"] }

  static let bits = Parameter(
    "bits", .int, default: .int(2), allowed: [.int(2), .int(4), .int(8)], doc: "Bits per stored number.",
    sweepable: true)

  func entries(of kind: String) -> [NameEntry] {
    switch kind {
    case "method":
      [
        NameEntry(
          "kivi", summary: "Keys by channel, values by token.",
          parameters: [
            Self.bits,
            Parameter(
              "group", .int, default: .int(32), range: 8...256, doc: "Numbers that share a scale.", sweepable: true),
            Parameter("residual", .int, default: .int(128), range: 0...4096, doc: "Newest tokens kept exact."),
          ], aliases: ["kivi2"]),
        NameEntry(
          "h2o", summary: "Heavy hitters and recent tokens.",
          parameters: [
            Parameter("budget", .value(.union([.int, .share, .bytes])), doc: "Tokens that stay.", required: true)
          ]),
        NameEntry("h2o/rethinking", summary: "The settings of the paper."),
      ]
    case "dataset":
      [NameEntry("sharegpt", summary: "Conversations."), NameEntry("gsm8k", summary: "School mathematics.")]
    case "plot":
      [
        NameEntry(
          "lengthdiff", summary: "Distribution of length differences.",
          parameters: [Parameter("bins", .int, default: .int(20), range: 1...500, doc: "Bars.")])
      ]
    default: []
    }
  }

  func isCallable(_ kind: String) -> Bool { kind == "method" }
  func madeType(of kind: String) -> ValueType { .object("config") }

  func make(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) throws -> Value {
    let settings = arguments.values.keys.sorted().map { "\($0)=\(arguments.values[$0]?.display ?? "")" }
    return .object(FakeObject(typeName: "config", display: ([entry.name] + settings).joined(separator: " ")))
  }

  func validate(_ entry: NameEntry, of kind: String, with arguments: EntryArguments) -> [Problem] {
    guard case .int(let group)? = arguments.values["group"], case .int(let residual)? = arguments.values["residual"],
      group > 0, residual % group != 0
    else { return [] }
    let span = arguments.spans["residual"] ?? arguments.spans["group"] ?? arguments.span
    return [
      Problem(
        "K301", seen: "residual=\(residual) is no multiple of group=\(group)", suggestion: "use residual=\(group * 4)",
        labels: [.init(span)])
    ]
  }
}

extension FakeCatalogue {
  func validate(_ stages: [StageSummary]) -> [Problem] {
    var problems: [Problem] = []
    for (first, second) in zip(stages, stages.dropFirst()) {
      guard let name = first.chosen.first?.entry.name, name == second.chosen.first?.entry.name, name == "kivi" else {
        continue
      }
      problems.append(
        Problem("K306", seen: "kivi twice", labels: [.init(second.span), .init(first.span, "comes in")]))
    }
    return problems
  }
}

struct FakeCompress: Command {
  let signature = Signature(
    "compress", summary: "Makes configurations.",
    parameters: [
      Parameter(
        "method", .name(kind: "method"), doc: "The method.", positional: true, required: true,
        orValue: .union([.object("config"), .list(of: .object("config"))]))
    ], accepts: [.nil, .list(of: .object("config")), .object("config")], produces: .list(of: .object("config")),
    examples: [Example("compress kivi bits=2", "One configuration.")])

  func run(_ call: Call, in context: Context) throws -> Value {
    guard let entry = call.entry("method") else { return .list(call.values("method")) }
    let bits = call.values("bits")
    return .list(
      (bits.isEmpty ? [.nil] : bits).map { value in
        .object(FakeObject(typeName: "config", display: value == .nil ? entry.name : "\(entry.name) bits=\(value)"))
      })
  }
}

struct FakeRun: Command {
  let signature = Signature(
    "run", summary: "Runs a data set.",
    parameters: [
      Parameter("dataset", .name(kind: "dataset"), doc: "The data set.", positional: true, required: true),
      Parameter("n", .int, default: .int(100), range: 1...1_000_000, doc: "Samples."),
      Parameter("temperature", .value(.float), default: .float(0), range: 0...2, doc: "Of sampling."),
    ], accepts: [.nil, .list(of: .object("config")), .object("config")], produces: .table,
    columns: ["config", "sample", "D"], flow: .exact, examples: [Example("run sharegpt n=10", "The baseline alone.")])

  func run(_ call: Call, in context: Context) throws -> Value {
    let n = min(try call.int("n"), 1_000)
    var rows: [Record] = []
    let configs: [Value] = if case .list(let list) = call.input { list } else { [.string("baseline")] }
    for config in configs {
      for sample in 0..<n {
        rows.append(
          Record([
            ("config", .string(config.text)), ("sample", .int(sample)), ("D", .float(Double(sample % 7) / 7 - 0.5)),
          ]))
      }
    }
    return .table(Table(rows: rows))
  }
}

struct FakePlot: Command {
  let signature = Signature(
    "plot", summary: "Draws.",
    parameters: [Parameter("kind", .name(kind: "plot"), doc: "The plot.", positional: true, required: true)],
    accepts: [.table], produces: .object("plot"))

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    return .object(
      FakeObject(
        typeName: "plot", display: "\(try call.name("kind")) of \(table.rowCount) rows, \(try call.int("bins")) bins"))
  }
}

struct FakeModels: Command {
  let signature = Signature("models", summary: "Lists models.", produces: .table)

  func run(_ call: Call, in context: Context) throws -> Value {
    .table(Table(rows: [Record([("name", .string("tiny"))])]))
  }
}

struct FakeTime: Command {
  let signature = Signature("time", summary: "Times a line.", accepts: [.any], produces: .any)

  func run(_ call: Call, in context: Context) throws -> Value { call.input }
}

struct FakeHelp: Command {
  let signature = Signature(
    "help", summary: "Explains.", parameters: [Parameter("topic", .string, doc: "What.", positional: true)])

  func run(_ call: Call, in context: Context) throws -> Value { .nil }
}

final class Lines {
  var all: [String] = []
}

/// A session with the fake host; `lines` collects what is printed.
func session(files: [String: String] = [:]) -> (interpreter: Interpreter, lines: Lines) {
  let lines = Lines()
  let commands = CommandRegistry(
    [FakeCompress(), FakeRun(), FakePlot(), FakeModels(), FakeTime(), FakeHelp()] + TableCommands.all)
  let context = Context(
    commands: commands, catalogue: FakeCatalogue(), output: { lines.all.append($0) },
    readFile: { path, _ in
      guard let text = files[path] else { throw Problem.unreadableFile(path, reason: "no such file", at: nil) }
      return text
    })
  return (Interpreter(context: context), lines)
}

/// The value of the last statement, displayed; or the rendered problems.
func outcome(_ text: String, files: [String: String] = [:]) -> String {
  let interpreter = session(files: files).interpreter
  do {
    return try interpreter.run(Source(name: "t.kvs", text: text)).display
  } catch let failure as CheckFailure {
    return failure.problems.map(\.description).joined(separator: "\n")
  } catch {
    return "\(error)"
  }
}
