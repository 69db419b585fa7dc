import Lang
import Runtime

/// The lengths of one configuration's responses beside the baseline's, paired by sample.
struct LengthComparison {
  let label: String
  let isSimulated: Bool
  let pairs: [LengthPair]

  /// One comparison for every configuration of a run's table but the baseline.
  ///
  /// - Throws: `Problem` K605 without baseline rows or without any other; K015 for a missing column.
  static func all(in table: Table, _ call: Call) throws -> [LengthComparison] {
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`", expected: "a table of `run`",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let (configs, samples) = (try column("config"), try column("sample"))
    let (lengths, finishes) = (try column("output_tokens"), try column("finish"))
    let storage = table.column("storage")
    var labels: [String] = []
    var byLabel: [String: [ResponseLength]] = [:]
    var simulated: Set<String> = []
    for row in 0..<table.rowCount {
      let label = configs[row].text
      guard let tokens = lengths[row].asInt else {
        throw Problem(
          "K605", seen: "row \(row) (\(label), sample \(samples[row].text)) has output_tokens \(lengths[row].display)",
          expected: "a whole number of tokens in every row",
          labels: [.init(call.inputSpan ?? call.span)])
      }
      if byLabel[label] == nil { labels.append(label) }
      byLabel[label, default: []].append(
        ResponseLength(sample: samples[row].text, tokens: tokens, atCap: finishes[row].text == "length"))
      if storage?[row].text == "simulated" { simulated.insert(label) }
    }
    let baseline = Compressor.none.label
    guard let uncompressed = byLabel[baseline], labels.count > 1 else {
      throw Problem(
        "K605",
        seen: byLabel[baseline] == nil
          ? "there are no rows of the baseline, `\(baseline)`" : "there are rows of the baseline only",
        expected: "rows of the baseline and of a configuration",
        suggestion: "put `compress kivi bits=2 |` before `run`, and leave baseline=on",
        labels: [.init(call.inputSpan ?? call.span)])
    }
    return try labels.filter { $0 != baseline }.map { label in
      let pairing = try call.placing {
        try LengthPairing(uncompressed: uncompressed, compressed: byLabel[label] ?? [])
      }
      return LengthComparison(label: label, isSimulated: simulated.contains(label), pairs: pairing.pairs)
    }
  }

  /// A row of `lengths`.
  func record(threshold: Double) throws -> Record {
    let difference = try LengthDifference(pairs, threshold: threshold)
    return Record([
      ("config", .string(label)), ("n", .int(difference.valid)),
      ("longer", .share(difference.longer.value)), ("shorter", .share(difference.shorter.value)),
      ("mean_D", .float(difference.meanDifference.value)), ("ratio", .float(difference.meanRatio.value)),
      ("sum_ratio", .float(difference.sumRatio.value)), ("at_cap", .int(difference.atCap.compressed)),
      ("baseline_at_cap", .int(difference.atCap.uncompressed)), ("skipped", .int(difference.skipped)),
      ("longer_low", .share(difference.longer.low)), ("longer_high", .share(difference.longer.high)),
      ("shorter_low", .share(difference.shorter.low)), ("shorter_high", .share(difference.shorter.high)),
    ])
  }
}
