import Lang
import Runtime

/// `compressors`: the methods there are.
struct CompressorsCommand: Command {
  let signature = Signature(
    "compressors", summary: "Lists the methods with what they store and their presets.", produces: .table,
    columns: ["name", "family", "storage", "parameters", "presets", "summary", "paper"], flow: .exact,
    examples: [Example("compressors", "All methods."), Example("compressors | where family == \"eviction\"", "Some.")],
    group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    .table(
      Table(
        rows: ((context.catalogue as? KvshCatalogue)?.cards ?? Compressors.all).map { card in
          Record([
            ("name", .string(card.name)), ("family", .string(card.family.rawValue)),
            ("storage", .string(card.storage.rawValue)),
            ("parameters", .string(card.parameters.map(\.name).joined(separator: " "))),
            ("presets", .string(card.presets.map { "\(card.name)/\($0.name)" }.joined(separator: " "))),
            ("summary", .string(card.summary)), ("paper", .string(card.paper)),
          ])
        }))
  }
}
