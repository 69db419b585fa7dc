import Lang
import Runtime

/// `verbosity`: table 4 of the second paper for every configuration of a run.
struct VerbosityCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "verbosity", summary: "Of the responses that compression made longer: how much longer, and no better for it?",
    details: """
      Per configuration, over the `grown` of n requests whose response is longer than the baseline's: `increase` is the mean \
      of L_cs / L_un, sum_ratio the ratio of the sums, and the semantic score says how like a response is to the answer that \
      came with the request, 0 to 100, beside the baseline's own on the same requests. `verbose` is the share of all \
      requests with scores whose response is at least as long as the baseline's and scores no better. Every number has a \
      95 % interval, NAME_low to NAME_high.

      The paper does not name its scorer, so the column does: minilm is 100 x the cosine of all-MiniLM-L6-v2's embeddings of \
      the first 256 word pieces, qa_f1 LongBench's F1 over words, score the run's own score (x100). Its numbers are of \
      another scorer: compare the order and the drop. Requests without an answer, as in a file of prompts alone, can only be \
      set beside the baseline's response (against=baseline), which tells how far texts part and not which is better.
      """,
    parameters: [
      Parameter(
        "score", .choice(["auto", "minilm", "qa_f1", "score", "off"]), default: .string("auto"),
        doc: "What judges a response; auto: minilm where scripts/setup has fetched it, else qa_f1."),
      Parameter(
        "against", .choice(["auto", "reference", "baseline"]), default: .string("auto"),
        doc: "What a response is compared with; auto: the reference where there is one."),
    ],
    accepts: [.table], produces: .table,
    columns: ["config", "n", "grown", "increase", "sum_ratio", "verbose", "grown_at_cap"],
    examples: [
      Example("compress kivi bits=2 residual=32 | run sharegpt n=4 max=24 | verbosity score=qa_f1", "Table 4."),
      Example("compress kivi bits=2 residual=32 | run sharegpt n=4 max=24 | verbosity score=off", "Lengths alone."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    try workbench.checkInterrupted(at: call.span)
    let table = try call.table()
    let comparisons = try LengthComparison.all(in: table, call)
    let judge = try judge(call, table)
    defer { workbench.progress.finish() }
    var rows: [Record] = []
    for comparison in comparisons {
      let scores = try judge.map { try self.scores(comparison, $0, call) } ?? []
      // Set beside the baseline's own text, which is like itself, no response is better than it.
      let isJudged = judge?.reference != nil || judge?.scorer == nil
      let increase = try call.placingAtInput { try LengthIncrease(comparison.pairs, scores: scores) }
      rows.append(record(comparison.label, increase, judge?.column, isJudged: isJudged))
    }
    if judge?.isFallback == true {
      context.print("note: no request has a reference, so responses are compared with the baseline's")
    }
    return .table(Table(rows: rows))
  }

  /// What judges responses.
  private struct Judge {
    /// nil: the run's own score.
    let scorer: SemanticScorer?
    let texts: ColumnData
    /// nil: the baseline's response.
    let reference: ColumnData?
    let scores: ColumnData?
    let column: String
    let isFallback: Bool
  }

  /// - Throws: `Problem` K605 for a missing column, K650 without an encoder.
  private func judge(_ call: Call, _ table: Table) throws -> Judge? {
    let choice = try call.name("score")
    guard choice != "off" else { return nil }
    func column(_ name: String, _ suggestion: String? = nil) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`", expected: "a table of `run`", suggestion: suggestion,
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    if choice == "score" {
      let scores = try column("score")
      guard scores.values.contains(where: { $0.asDouble != nil }) else {
        throw Problem(
          "K605", seen: "no row has a score", expected: "a data set with right answers",
          suggestion: "use score=minilm", labels: [.init(call.span(of: "score"))])
      }
      return Judge(scorer: nil, texts: scores, reference: nil, scores: scores, column: "score", isFallback: false)
    }
    let scorer: SemanticScorer =
      choice == "qa_f1" || (choice == "auto" && workbench.encoders.path == nil)
      ? .questionF1 : .encoder(try call.placing(at: "score") { try workbench.encoders.current() })
    let texts = try column("text", "use score=off")
    let against = try call.name("against")
    let references = table.column("reference").flatMap { column in
      column.values.contains { $0.type == .string } ? column : nil
    }
    guard against != "reference" || references != nil else {
      throw Problem(
        "K605", seen: "no row has a reference",
        expected: "requests with an answer: conversations of two turns, as they come from `run`",
        suggestion: "use against=baseline", labels: [.init(call.span(of: "against"))])
    }
    let reference = against == "baseline" ? nil : references
    return Judge(
      scorer: scorer, texts: texts, reference: reference, scores: nil,
      column: "\(scorer.name)_\(reference == nil ? "baseline" : "reference")",
      isFallback: against == "auto" && reference == nil)
  }

  private func scores(
    _ comparison: LengthComparison, _ judge: Judge, _ call: Call
  ) throws -> [LengthIncrease.Scores?] {
    guard let scorer = judge.scorer else {
      return comparison.rows.map { rows in
        guard let first = judge.scores?[rows.uncompressed].asDouble,
          let second = judge.scores?[rows.compressed].asDouble
        else { return nil }
        return LengthIncrease.Scores(uncompressed: 100 * first, compressed: 100 * second)
      }
    }
    var pairs: [(String, String)] = []
    var places: [Int?] = []
    for rows in comparison.rows {
      let (first, second) = (judge.texts[rows.uncompressed].text, judge.texts[rows.compressed].text)
      guard let reference = judge.reference else {
        places.append(pairs.count)
        pairs += [(first, first), (second, first)]
        continue
      }
      guard case .string(let answer) = reference[rows.uncompressed] else {
        places.append(nil)
        continue
      }
      places.append(pairs.count)
      pairs += [(first, answer), (second, answer)]
    }
    let scores = try call.placing(at: "score") {
      try scorer.scores(pairs) { done, total in
        workbench.progress.update(
          ProgressState(label: "semantic score", done: done, total: total, note: comparison.label))
      }
    }
    return places.map { place in
      place.map { LengthIncrease.Scores(uncompressed: scores[$0], compressed: scores[$0 + 1]) }
    }
  }

  private func record(_ label: String, _ increase: LengthIncrease, _ column: String?, isJudged: Bool) -> Record {
    func interval(_ name: String, _ estimate: IntervalEstimate?) -> [(String, Value)] {
      func cell(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }
      return [
        (name, cell(estimate?.value)), ("\(name)_low", cell(estimate?.low)), ("\(name)_high", cell(estimate?.high)),
      ]
    }
    var cells: [(String, Value)] = [
      ("config", .string(label)), ("n", .int(increase.valid)), ("grown", .int(increase.grown)),
    ]
    cells += interval("increase", increase.meanRatio) + interval("sum_ratio", increase.sumRatio)
    let verbose = isJudged ? increase.verbose : nil
    cells += [
      ("verbose", verbose.map { .share($0.value) } ?? .nil), ("verbose_low", verbose.map { .share($0.low) } ?? .nil),
      ("verbose_high", verbose.map { .share($0.high) } ?? .nil),
    ]
    if let column {
      cells += interval(column, increase.compressedScore)
      if isJudged {
        cells +=
          interval("fp16_\(column)", increase.uncompressedScore) + interval("difference", increase.scoreDifference)
      }
    }
    return Record(cells + [("grown_at_cap", .int(increase.grownAtCap))])
  }
}
