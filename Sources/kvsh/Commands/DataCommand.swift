import Lang
import Runtime

/// `data`, `data add NAME PATH`: the data sets and the user's own files.
struct DataCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "data",
    summary: "Lists the data sets; `data add NAME PATH` registers a file of yours, `data remove NAME` forgets it.",
    details: "`data add sharegpt PATH` makes `run sharegpt` read your ShareGPT file in place of the bundled sample.",
    parameters: [
      Parameter(
        "action", .choice(["list", "add", "remove"]), default: .string("list"), doc: "What to do.", positional: true),
      Parameter("name", .path, doc: "The name to use in `run`.", positional: true),
      Parameter("path", .path, doc: "The file.", positional: true),
    ], produces: .any, examples: [Example("data", "What there is to run.")], group: "data")

  func run(_ call: Call, in context: Context) throws -> Value {
    let registry = DatasetRegistry(home: workbench.home)
    let unused = ["list": ["name", "path"], "remove": ["path"]][try call.name("action")] ?? []
    if let extra = unused.first(where: call.isGiven) {
      throw Problem(
        "K021", seen: "`data \(try call.name("action"))` has no place for `\(extra)`",
        expected: "data, data add NAME PATH or data remove NAME", labels: [.init(call.span(of: extra))])
    }
    switch try call.name("action") {
    case "add":
      let name = try call.string("name")
      let path = try call.path("path")
      let entry = try call.placing(at: "path") { try registry.add(name, path: path) }
      context.print("\(entry.name): \(entry.records) records of \(entry.dataset) in \(entry.path)")
      return .nil
    case "remove":
      let name = try call.string("name")
      let removed = try call.placing(at: "name") { try registry.remove(name) }
      context.print(removed ? "\(name) is forgotten; its file is left alone" : "there was no file under \(name)")
      return .nil
    default:
      let entries = try call.placing { try registry.entries() }
      let own = entries.map { entry in
        Record([
          ("name", .string(entry.name)), ("reads", .string(entry.dataset)), ("records", .int(entry.records)),
          ("file", .string(entry.path)), ("licence", .string("your file's own")),
        ])
      }
      let bundled = Datasets.all.map(\.card).filter { card in !entries.contains { $0.name == card.name } }.map { card in
        Record([
          ("name", .string(card.name)), ("reads", .string(card.name)), ("records", .nil),
          ("file", .string(Self.file(of: card))),
          ("licence", .string(card.licence)),
        ])
      }
      return .table(Table(rows: bundled + own))
    }
  }

  private static func file(of card: DatasetCard) -> String {
    if card.name == "sharegpt" { return "bundled sample" }
    return card.parameters.contains { $0.name == "file" } ? "file=PATH" : "generated"
  }
}
