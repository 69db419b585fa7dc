import Lang
import Runtime

/// `lengths`: table 5 of the second paper for every configuration of a run.
struct LengthsCommand: Command {
  let signature = Signature(
    "lengths", summary: "How much longer or shorter the responses of each configuration are than the baseline's.",
    details: """
      D = (L_un - L_cs) / L_un per sample, paired by sample; negative is longer under compression. `longer` is the share \
      with D <= -threshold, `shorter` with D >= threshold; `ratio` is the mean of L_cs / L_un, `sum_ratio` the ratio of the \
      sums. Every share and ratio has a 95 % interval, NAME_low to NAME_high.

      Responses that stopped at the length limit stay in and are counted in at_cap: one that is capped uncompressed can only \
      become shorter. untouched counts requests that were never compressed, as they fit into what the configuration \
      keeps: the same text out of the same bytes. per=part has both apart from the rest. Controls of `run` (controls=on) \
      are configurations like any other: what a change of temperature or of the noise alone does to lengths.
      """,
    parameters: [
      Parameter("threshold", .value(.number), default: .float(0.5), range: 0.01...100, doc: "Table 5's tail."),
      Parameter(
        "per", .choice(["config", "part"]), default: .string("config"),
        doc: "What a row is; part sets those never compressed and those at the limit apart."),
    ],
    accepts: [.table], produces: .table,
    columns: [
      "config", "n", "longer", "shorter", "mean_D", "ratio", "sum_ratio", "at_cap", "baseline_at_cap", "untouched",
    ],
    examples: [
      Example("compress kivi bits=2 | run sharegpt n=4 max=16 | lengths", "One row a configuration."),
      Example(
        "compress kivi bits=2 | run sharegpt n=4 max=16 controls=on | lengths per=part | where part == \"all\"",
        "Table 5 with its controls."),
    ],
    group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let threshold = try call.float("threshold")
    let comparisons = try LengthComparison.all(in: try call.table(), call)
    let parts: [LengthPart?] = try call.name("per") == "part" ? LengthPart.allCases : [nil]
    return .table(
      Table(
        rows: try call.placing {
          try comparisons.flatMap { each in try parts.map { try each.record(threshold: threshold, part: $0) } }
        }))
  }
}
