import Lang
import Runtime

/// `lengths`: table 5 of the second paper for every configuration of a run.
struct LengthsCommand: Command {
  let signature = Signature(
    "lengths", summary: "How much longer or shorter the responses of each configuration are than the baseline's.",
    details: """
      D = (L_un - L_cs) / L_un per sample, paired by sample; negative is longer under compression. `longer` is the share \
      with D <= -threshold, `shorter` with D >= threshold, each with a 95 % interval; `ratio` is the mean of L_cs / L_un, \
      `sum_ratio` the ratio of the sums. Responses that stopped at the length limit stay in and are counted in at_cap.
      """,
    parameters: [
      Parameter("threshold", .value(.number), default: .float(0.5), range: 0.01...100, doc: "Table 5's tail.")
    ],
    accepts: [.table], produces: .table,
    columns: ["config", "n", "longer", "shorter", "mean_D", "ratio", "sum_ratio", "at_cap", "baseline_at_cap"],
    examples: [Example("compress kivi bits=2 | run sharegpt n=4 max=16 | lengths", "One row a configuration.")],
    group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let threshold = try call.float("threshold")
    let comparisons = try LengthComparison.all(in: try call.table(), call)
    return .table(
      Table(rows: try call.placing { try comparisons.map { try $0.record(threshold: threshold) } }))
  }
}
