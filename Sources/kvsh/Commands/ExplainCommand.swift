import Lang
import Runtime

/// `run ... | explain time`: where the time of each configuration's responses went.
struct ExplainCommand: Command {
  private static let phases = ["model", "attention", "score", "select", "pack"]

  static let columns =
    ["config", "n", "e2e_ms"] + phases + ["other"] + (phases + ["other"]).map { $0 + "_ms" } + ["over_fp16"]

  let signature = Signature(
    "explain", summary: "Splits the time of a run into model, attention, score, select, pack and other.",
    details: """
      Out of the rows of `run`, stored ones too: the mean over the responses of each configuration. model is norms, \
      projections, feed-forward layers and logits; attention is what reads and writes the cache; score is the statistics \
      that a method ranks tokens by; select is choosing what stays and dropping the rest; pack is packing into codes; \
      other is what is left of e2e_ms: sampling, decoding of tokens, the store.

      The clocks are read between the parts of each layer and pass. A response's time runs while others decode beside it, \
      so that parts are shares of a batch's work; batch=1 makes them those of the response alone. over_fp16 is e2e_ms over \
      the uncompressed cache's.
      """,
    parameters: [Parameter("what", .choice(["time"]), doc: "What to explain.", positional: true, required: true)],
    accepts: [.table], produces: .table, columns: columns,
    examples: [
      Example("compress kivi bits=2 | run sharegpt n=4 max=16 | explain time", "How much of it is packing?")
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let table = try call.table()
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`", expected: "a table of `run`",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let configs = try column("config")
    let totals = try column("e2e_ms").numbers
    let parts = try Self.phases.map { try column($0 + "_ms").numbers }
    var groups: [(config: String, rows: [Int])] = []
    var unmeasured = 0
    for row in 0..<table.rowCount {
      guard totals[row] != nil, parts.allSatisfy({ $0[row] != nil }) else {
        unmeasured += 1
        continue
      }
      let config = configs[row].text
      if let place = groups.firstIndex(where: { $0.config == config }) {
        groups[place].rows.append(row)
      } else {
        groups.append((config, [row]))
      }
    }
    guard !groups.isEmpty else {
      throw Problem(
        "K605", seen: "no row of the table has its time split", expected: "rows of a run by this kvsh",
        suggestion: "run it again with another noise_seed", labels: [.init(call.inputSpan ?? call.span)])
    }
    if unmeasured > 0 { context.print("note: \(unmeasured) rows have no split of their time and are left out") }
    func mean(_ numbers: [Double?], _ rows: [Int]) -> Double {
      rows.reduce(0) { $0 + (numbers[$1] ?? 0) } / Double(rows.count)
    }
    let baseline = groups.first { $0.config == Compressor.none.label }.map { mean(totals, $0.rows) }
    return .table(
      Table(
        rows: groups.map { group in
          let total = mean(totals, group.rows)
          var split = parts.map { mean($0, group.rows) }
          split.append(total - split.reduce(0, +))
          let names = Self.phases + ["other"]
          return Record(
            [("config", .string(group.config)), ("n", .int(group.rows.count)), ("e2e_ms", .float(total))]
              + zip(names, split).map { ($0, .share(total > 0 ? $1 / total : 0)) }
              + zip(names, split).map { ($0 + "_ms", .float($1)) }
              + [("over_fp16", baseline.map { .float(total / $0) } ?? .nil)])
        }))
  }
}
