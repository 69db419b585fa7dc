import Lang
import Runtime

/// The lengths of one configuration's responses beside the baseline's, paired by sample.
struct LengthComparison {
  let label: String
  let isSimulated: Bool
  let pairs: [LengthPair]
  /// Rows of the table that each pair comes from. // [pairs]
  let rows: [Rows]
  /// Whether nothing of a pair's cache was compressed, as with a request shorter than the budget; nil if the table does
  /// not tell. // [pairs]
  let isUntouched: [Bool?]

  /// Places of one request's rows in the table.
  struct Rows: Equatable {
    let uncompressed: Int
    let compressed: Int
  }

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
    var places: [String: [String: Int]] = [:]
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
      places[label, default: [:]][samples[row].text] = row
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
    let touch = CacheTouch(table)
    return try labels.filter { $0 != baseline }.map { label in
      let pairing = try call.placing {
        try LengthPairing(uncompressed: uncompressed, compressed: byLabel[label] ?? [])
      }
      let rows = pairing.pairs.compactMap { pair -> Rows? in
        guard let first = places[baseline]?[pair.sample], let second = places[label]?[pair.sample] else { return nil }
        return Rows(uncompressed: first, compressed: second)
      }
      return LengthComparison(
        label: label, isSimulated: simulated.contains(label), pairs: pairing.pairs, rows: rows,
        isUntouched: rows.map { touch?.isUntouched($0) })
    }
  }

  /// The pairs of a part.
  func pairs(of part: LengthPart) -> [LengthPair] {
    zip(pairs, isUntouched).filter { part.holds($0.0, isUntouched: $0.1) }.map(\.0)
  }

  /// A row of `lengths`.
  ///
  /// - Parameter part: the requests it is of; nil is all, without saying so.
  func record(threshold: Double, part: LengthPart? = nil) throws -> Record {
    let pairs = pairs(of: part ?? .all)
    var cells: [(String, Value)] = [("config", .string(label))]
    if let part { cells.append(("part", .string(part.rawValue))) }
    guard pairs.contains(where: { $0.uncompressedTokens > 0 }) || part == nil else {
      return Record(cells + Self.emptyCells)
    }
    let difference = try LengthDifference(pairs, threshold: threshold)
    func number(_ value: Double?) -> Value { value.map { .float($0) } ?? .nil }
    let untouched = zip(self.pairs, isUntouched).compactMap { pair, flag in
      pair.uncompressedTokens > 0 && (part ?? .all).holds(pair, isUntouched: flag) ? flag : nil
    }
    cells += [
      ("n", .int(difference.valid)),
      ("longer", .share(difference.longer.value)), ("shorter", .share(difference.shorter.value)),
      ("mean_D", .float(difference.meanDifference.value)), ("ratio", .float(difference.meanRatio.value)),
      ("sum_ratio", .float(difference.sumRatio.value)), ("at_cap", .int(difference.atCap.compressed)),
      ("baseline_at_cap", .int(difference.atCap.uncompressed)), ("skipped", .int(difference.skipped)),
      ("untouched", untouched.isEmpty ? .nil : .int(untouched.count { $0 })),
      ("longer_low", .share(difference.longer.low)), ("longer_high", .share(difference.longer.high)),
      ("shorter_low", .share(difference.shorter.low)), ("shorter_high", .share(difference.shorter.high)),
      ("mean_D_low", number(difference.meanDifference.low)), ("mean_D_high", number(difference.meanDifference.high)),
      ("ratio_low", number(difference.meanRatio.low)), ("ratio_high", number(difference.meanRatio.high)),
      ("sum_ratio_low", number(difference.sumRatio.low)), ("sum_ratio_high", number(difference.sumRatio.high)),
    ]
    return Record(cells)
  }

  /// The cells of a part without a request.
  private static let emptyCells: [(String, Value)] =
    [("n", .int(0))]
    + [
      "longer", "shorter", "mean_D", "ratio", "sum_ratio", "at_cap", "baseline_at_cap", "skipped", "untouched",
      "longer_low", "longer_high", "shorter_low", "shorter_high", "mean_D_low", "mean_D_high", "ratio_low",
      "ratio_high", "sum_ratio_low", "sum_ratio_high",
    ].map { ($0, Value.nil) }
}

/// The requests that `lengths per=part` shows apart; those at the limit may be compressed or not.
enum LengthPart: String, CaseIterable {
  case all
  case compressed
  case neverCompressed = "never compressed"
  case atLimit = "at the limit"
  case belowLimit = "below the limit"

  /// Whether a request is one of the part; one of which it is not known whether it was compressed counts as such.
  func holds(_ pair: LengthPair, isUntouched: Bool?) -> Bool {
    let isCapped = pair.uncompressedAtCap || pair.compressedAtCap
    return switch self {
    case .all: true
    case .compressed: isUntouched != true
    case .neverCompressed: isUntouched == true
    case .atLimit: isCapped
    case .belowLimit: !isCapped
    }
  }
}

/// Tells by the bytes of a run's table whether a configuration did anything to a request.
struct CacheTouch {
  private let text: ColumnData
  private let payload: ColumnData
  private let read: ColumnData
  private let storage: ColumnData?

  /// nil if the table has no bytes to tell by.
  init?(_ table: Table) {
    guard let text = table.column("text"), let payload = table.column("payload_bytes"),
      let read = table.column("read_bytes")
    else { return nil }
    (self.text, self.payload, self.read) = (text, payload, read)
    storage = table.column("storage")
  }

  /// The same text out of as many bytes, held and read: no cache grew past what the configuration keeps. nil for
  /// simulated storage, which holds the bytes of the uncompressed cache whatever it does to the numbers.
  func isUntouched(_ rows: LengthComparison.Rows) -> Bool? {
    let (first, second) = (rows.uncompressed, rows.compressed)
    if storage?[second].text == "simulated" { return nil }
    guard let bytes = payload[second].asInt, let readBytes = read[second].asInt else { return nil }
    return text[first].text == text[second].text && payload[first].asInt == bytes && read[first].asInt == readBytes
  }
}
