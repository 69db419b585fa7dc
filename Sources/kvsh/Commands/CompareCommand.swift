import Lang
import Runtime

/// `compare`: is one configuration really better or worse than another, sample by sample?
struct CompareCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "compare", summary: "Says whether configurations differ, sample by sample, and how sure that is.",
    details: """
      `compare A B` sets B beside A; `compare` alone sets every configuration beside the baseline. Pairs are of one sample. \
      difference is the mean of B - A with a 95 % bootstrap interval over the pairs; better and worse count pairs where B \
      is higher or lower; p is the exact sign test's, McNemar's where answers are right or wrong. An interval that holds 0 \
      is undecided, and needed_n is about how many pairs would tell a difference of this size four times in five.

      Configurations with the same text and bytes in every pair are marked `no-op?`. A baseline that does no better than a \
      guess, or arms that all answer alike, are said first: nothing below them means anything.
      """,
    parameters: [
      Parameter("a", .path, doc: "A configuration's label. Default: the baseline.", positional: true),
      Parameter("b", .path, doc: "The one set beside it. Default: every other.", positional: true),
      Parameter(
        "on", .column, doc: "What is compared. Default: score where there is one, else output_tokens."),
    ],
    accepts: [.table], produces: .table,
    columns: [
      "a", "b", "n", "mean_a", "mean_b", "difference", "low", "high", "better", "worse", "equal", "p", "needed_n",
      "verdict",
    ],
    examples: [
      Example("load scores \"examples/scores\" | compare fp16 half", "Two configurations by their scores.")
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let measure = try measure(call)
    let compared = try ComparedRows(call, measure: measure)
    let chosen = try pairs(call, compared)
    for line in try warnings(call, compared, chosen, measure) { context.print("warning: \(line)") }
    var rows: [Record] = []
    for (first, second) in chosen {
      let pairs = try call.placingAtInput { try compared.pairs(first, second) }
      let row = try row(call, compared, (first, second), pairs, measure)
      context.print(row.sentence)
      rows.append(row.record)
    }
    return .table(Table(rows: rows))
  }

  /// The column to compare by.
  private func measure(_ call: Call) throws -> String {
    if let given = call.optional("on")?.text { return given }
    let scores = try call.table().column("score")?.numbers ?? []
    return scores.contains { $0 != nil } ? "score" : "output_tokens"
  }

  private func pairs(_ call: Call, _ compared: ComparedRows) throws -> [(Int, Int)] {
    func place(_ name: String) throws -> Int? {
      guard let value = call.optional(name) else { return nil }
      let label = value.text
      guard let place = compared.labels.firstIndex(of: label) else {
        throw Problem(
          "K605", seen: "there are no rows of `\(label)`",
          expected: "one of " + compared.labels.joined(separator: ", "),
          labels: [.init(call.span(of: name))])
      }
      return place
    }
    let (first, second) = (try place("a"), try place("b"))
    let base = first ?? compared.labels.firstIndex(of: Compressor.none.label)
    guard let base, compared.labels.count > 1 else {
      throw Problem(
        "K605",
        seen: base == nil
          ? "there are no rows of the baseline, `\(Compressor.none.label)`"
          : "there are rows of one configuration only",
        expected: "rows of two configurations or more", labels: [.init(call.inputSpan ?? call.span)])
    }
    if let second { return [(base, second)] }
    return compared.labels.indices.filter { $0 != base }.map { (base, $0) }
  }

  /// What makes every number below it worthless.
  private func warnings(
    _ call: Call, _ compared: ComparedRows, _ chosen: [(Int, Int)], _ measure: String
  ) throws -> [String] {
    var lines: [String] = []
    if measure == "score", let base = chosen.first?.0 {
      let tasks = try call.placing { try LongBenchTasks.bundled(home: workbench.home) }
      for (task, mean, count) in compared.taskMeans(base) {
        let floor = tasks.task(task)?.floor ?? 0
        guard mean <= floor else { continue }
        let name = task.isEmpty ? "" : " at \(task)"
        lines.append(
          "\(compared.labels[base]) itself fails\(name): mean score \(Self.short(mean)) over \(count) samples, where a guess has "
            + "\(Self.short(floor)); differences there say nothing about compression")
      }
    }
    let all = try chosen.map { first, second in try call.placingAtInput { try compared.pairs(first, second) } }
    if all.allSatisfy(compared.isSameText) {
      let samples = all.first?.count ?? 0
      lines.append(
        "all \(chosen.count + 1) configurations gave the same text in all \(samples) samples: either nothing was compressed, "
          + "or the texts are too short to show it")
    }
    return lines
  }

  private func row(
    _ call: Call, _ compared: ComparedRows, _ places: (Int, Int), _ pairs: [(Int, Int)], _ measure: String
  ) throws -> (record: Record, sentence: String) {
    let (a, b) = (compared.labels[places.0], compared.labels[places.1])
    guard let values = compared.values(pairs) else {
      throw Problem(
        "K605", seen: "no pair of \(a) and \(b) has a `\(measure)`", expected: "a number in both rows",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    let comparison = try call.placingAtInput { try PairedComparison(values.first, values.second) }
    let isNoOp = compared.isSame(pairs) == true
    let difference = comparison.difference
    let verdict = isNoOp ? "no-op?" : !comparison.isDecided ? "undecided" : difference.value > 0 ? "higher" : "lower"
    let record = Record([
      ("a", .string(a)), ("b", .string(b)), ("on", .string(measure)), ("n", .int(comparison.count)),
      ("mean_a", .float(comparison.firstMean)), ("mean_b", .float(comparison.secondMean)),
      ("difference", .float(difference.value)), ("low", difference.low.map { .float($0) } ?? .nil),
      ("high", difference.high.map { .float($0) } ?? .nil), ("better", .int(comparison.test.better)),
      ("worse", .int(comparison.test.worse)), ("equal", .int(comparison.test.equal)),
      ("test", .string(comparison.test.isBinary ? "McNemar" : "sign")), ("p", .float(comparison.test.p)),
      ("needed_n", comparison.neededPairs.map { .int($0) } ?? .nil), ("verdict", .string(verdict)),
    ])
    return (record, Self.sentence(a, b, measure, comparison, isNoOp: isNoOp))
  }

  // MARK: Sentences

  static func sentence(_ a: String, _ b: String, _ measure: String, _ comparison: PairedComparison, isNoOp: Bool)
    -> String
  {
    let n = comparison.count
    if isNoOp { return "\(b) gave the text and bytes of \(a) in all \(n) samples: no-op?" }
    let difference = comparison.difference
    var interval = ""
    if let low = difference.low, let high = difference.high {
      interval = " (95 % interval \(short(low)) to \(short(high)))"
    }
    let counts =
      "\(comparison.test.better) higher, \(comparison.test.worse) lower, \(comparison.test.equal) equal; p \(chance(comparison.test.p))"
    if comparison.isDecided {
      let word = difference.value > 0 ? "higher" : "lower"
      return
        "\(b) has a \(word) \(measure) than \(a): difference \(short(difference.value))\(interval) over \(n) samples: \(counts)"
    }
    let needed =
      comparison.neededPairs.map { "; about \($0) samples would tell a difference of this size" } ?? ""
    return
      "\(b) and \(a) cannot be told apart in \(measure): difference \(short(difference.value))\(interval) over \(n) samples: \(counts)\(needed)"
  }

  private static func short(_ number: Double) -> String { PlotNumber.short(number) }

  private static func chance(_ p: Double) -> String { p < 0.001 ? "< 0.001" : "= \(short(p))" }
}
