import Lang
import Runtime

/// `compress h2o budget=32 | inspect "..."`: what each configuration's cache holds of a text, and why.
struct InspectCommand: Command {
  let workbench: Workbench

  static let headColumns = [
    "config", "layer", "head", "tokens", "kept", "kept_share", "sink", "window", "score", "new", "key_bits",
    "value_bits", "held_bytes", "read_bytes", "least_score", "stored",
  ]
  static let tokenColumns = [
    "config", "layer", "head", "position", "token", "kept", "key_bits", "value_bits", "score", "rank", "why",
  ]

  let signature = Signature(
    "inspect", summary: "Shows what each configuration keeps of a text, in how many bits, and why.",
    details: """
      The text is a prompt, as it is, no template around it; `max` greedy tokens are fed behind it. A strip of the text \
      shows what is kept: a token that fewer than half of all heads hold is dimmed, or dotted where there are no colours. \
      The table has a row a layer and KV head (by=head) or a row a token of each (by=token).

      sink and window count the kept tokens that the method protects at both ends, score those that its ranking chose, \
      new those that came after its last choice. `stored` lists the kept positions with the bits of a number of key and \
      value: `0-95@2/2 96-120@16/16`. A head's bytes are its share of the layer's. why is sink, window, score, fits \
      (nothing had to leave), new, demoted (not chosen, but held in fewer bits) or dropped; rank counts the ranked \
      tokens of a head from 1.
      """,
    parameters: [
      Parameter("text", .string, doc: "The text.", positional: true, required: true),
      Parameter("by", .choice(["head", "token"]), default: .string("head"), doc: "What a row of the table is."),
      Parameter("max", .int, default: .int(0), range: 0...65_536, doc: "Greedy tokens fed behind the text."),
    ],
    accepts: [.nil, .object("config"), .list], produces: .table,
    columns: headColumns + tokenColumns.filter { !headColumns.contains($0) },
    examples: [
      Example(
        "compress streamingllm sink=2 recent=4 | inspect \"The cache of a language model grows with every token.\"",
        "The strip, and a row a head."),
      Example(
        "compress h2o budget=8 | inspect \"The cache of a language model grows with every token.\" by=token | where layer == 0",
        "Scores and reasons of the first layer."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    if workbench.wasInterrupted { throw CancellationProblem(span: call.span) }
    try workbench.checkInterrupted(at: call.span)
    let configurations = try call.configurations(baseline: false)
    let loaded = try call.placing { try workbench.models.current() }
    try call.placingAtInput { for each in configurations { try each.check(shape: loaded.model.cacheShape) } }
    let ids = loaded.rawIds(try call.string("text"))
    let follow = try call.int("max")
    let isByToken = try call.name("by") == "token"
    var rows: [Record] = []
    for compressor in configurations {
      let inspection: CacheInspection
      do {
        inspection = try call.placing(at: "text") {
          try loaded.engine.inspect(ids, follow: follow, compressor, workbench.cancellation)
        }
      } catch is CancellationError {
        workbench.wasInterrupted = true
        workbench.cancellation.reset()
        context.cancellation.reset()
        context.print("note: interrupted; the rows are of what was looked at until then")
        break
      }
      let strip = CacheStrip(inspection, tokenizer: loaded.tokenizer, style: workbench.terminal.plotStyle)
      context.print(strip.text(label: compressor.label))
      rows +=
        isByToken
        ? tokenRows(inspection, compressor.label, loaded.tokenizer) : headRows(inspection, compressor.label)
    }
    let columns = isByToken ? Self.tokenColumns : Self.headColumns
    return .table(
      Table(
        columns: columns.map { column in .init(column, ColumnData(rows.map { $0[column] ?? .nil })) }))
  }

  private func headRows(_ inspection: CacheInspection, _ label: String) -> [Record] {
    inspection.heads.map { head in
      let kept = head.tokens.filter { $0.bits != nil }
      func count(_ reason: CacheInspection.Reason) -> Value { .int(kept.count { $0.reason == reason }) }
      func mean(_ bits: (StoredBits) -> Double) -> Value {
        kept.isEmpty ? .nil : .float(kept.compactMap(\.bits).reduce(0) { $0 + bits($1) } / Double(kept.count))
      }
      let least = kept.filter { $0.reason == .score }.compactMap(\.score).min()
      return Record([
        ("config", .string(label)), ("layer", .int(head.layer)), ("head", .int(head.head)),
        ("tokens", .int(head.tokens.count)), ("kept", .int(kept.count)),
        ("kept_share", .share(Double(kept.count) / Double(max(1, head.tokens.count)))), ("sink", count(.sink)),
        ("window", count(.window)), ("score", count(.score)), ("new", count(.new)), ("key_bits", mean(\.key)),
        ("value_bits", mean(\.value)), ("held_bytes", .int(head.heldBytes)), ("read_bytes", .int(head.readBytes)),
        ("least_score", least.map { .float(Double($0)) } ?? .nil), ("stored", .string(StoredRanges(head.tokens).text)),
      ])
    }
  }

  private func tokenRows(_ inspection: CacheInspection, _ label: String, _ tokenizer: Tokenizer) -> [Record] {
    let texts = inspection.ids.map { tokenizer.decode([$0]) }
    return inspection.heads.flatMap { head in
      head.tokens.enumerated().map { position, token in
        Record([
          ("config", .string(label)), ("layer", .int(head.layer)), ("head", .int(head.head)),
          ("position", .int(position)), ("token", .string(position < texts.count ? texts[position] : "")),
          ("kept", .bool(token.bits != nil)), ("key_bits", token.bits.map { .float($0.key) } ?? .nil),
          ("value_bits", token.bits.map { .float($0.value) } ?? .nil),
          ("score", token.score.map { .float(Double($0)) } ?? .nil), ("rank", token.rank.map { .int($0) } ?? .nil),
          ("why", .string(token.reason.rawValue)),
        ])
      }
    }
  }
}
