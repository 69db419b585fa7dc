import Lang
import Runtime

/// The sets of configurations that `negatives` judges, and the analysis they are judged by.
struct NegativeSets {
  let analysis: NegativeAnalysis
  /// Names with places in `analysis.sheet.configurations`.
  let sets: [(name: String, members: [Int])]
  /// Task types by task; a task that LongBench does not have is its own type.
  let types: [String: String]

  /// What `negatives` and `plot negatives` have in common.
  static let parameters = [
    Parameter(
      "set", .any,
      doc:
        "Configurations judged together, e.g. [\"kivi bits=4\", \"gear\"]; a list of lists, or {name: [...]}, is several "
        + "sets. Default: each alone."),
    Parameter(
      "rule", .choice(["paper", "figure6"]), default: .string("paper"),
      doc: "Algorithm 1 as the paper states it, or what the script of its figure 6 computes."),
    Parameter(
      "benign", .choice(["mean", "median", "all"]),
      doc: "Keep samples whose baseline score is at least this of the task's. Default: the rule's."),
    Parameter("floor", .value(.number), range: 0...1, doc: "Keep samples with at least this baseline score instead."),
    Parameter("baseline", .string, default: .string(Compressor.none.label), doc: "The uncompressed configuration."),
  ]

  init(_ call: Call, home: String) throws {
    let rows = try ScoreRows.read(call)
    let baseline = try call.string("baseline")
    var rule: NegativeRule = try call.name("rule") == "figure6" ? .figure6 : .paper
    if let benign = call.optional("benign")?.text {
      rule.benign = ["mean": .mean, "median": .median, "all": .all][benign] ?? rule.benign
    }
    if let floor = call.optional("floor")?.asDouble { rule.benign = .floor(floor) }
    let sheet = try call.placingAtInput { try ScoreSheet(rows, baseline: baseline) }
    analysis = try call.placing { try NegativeAnalysis(sheet, rule: rule) }
    sets = try Self.sets(call, sheet.configurations)
    let tasks = try call.placing { try LongBenchTasks.bundled(home: home) }
    types = Dictionary(
      Set(sheet.samples.map(\.task)).map { ($0, tasks.task($0)?.type ?? $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The thresholds asked for, or the rule's own in figures.
  static func thetas(_ call: Call) -> [Double] {
    call.values("theta").compactMap { value in
      if case .share(let share) = value { share } else { value.asDouble }
    }
  }

  // MARK: Reading `set`

  private static func sets(_ call: Call, _ known: [String]) throws -> [(name: String, members: [Int])] {
    guard let value = call.optional("set") else { return known.enumerated().map { ($0.element, [$0.offset]) } }
    switch value {
    case .record(let record):
      return try zip(record.keys, record.values).map { ($0, try members($1, known, call)) }
    case .list(let elements) where elements.contains(where: { if case .list = $0 { true } else { false } }):
      return try elements.map { element in
        let members = try members(element, known, call)
        return (members.map { known[$0] }.joined(separator: " & "), members)
      }
    default:
      let members = try members(value, known, call)
      return [(members.map { known[$0] }.joined(separator: " & "), members)]
    }
  }

  private static func members(_ value: Value, _ known: [String], _ call: Call) throws -> [Int] {
    let labels: [String]
    if let configurations = value.configurations, !configurations.isEmpty {
      labels = configurations.map(\.label)
    } else if case .list(let elements) = value {
      labels = elements.map(\.text)
    } else {
      labels = [value.text]
    }
    return try labels.map { try place($0, known, call) }
  }

  /// The configuration of a label, or the only one whose label begins so.
  private static func place(_ label: String, _ known: [String], _ call: Call) throws -> Int {
    if let exact = known.firstIndex(of: label) { return exact }
    let begun = known.indices.filter { known[$0].hasPrefix(label) }
    guard begun.count == 1, !label.isEmpty else {
      throw Problem(
        "K605",
        seen: begun.count > 1 ? "`\(label)` begins \(begun.count) configurations" : "there are no scores of `\(label)`",
        expected: "one of " + known.joined(separator: ", "), labels: [.init(call.span(of: "set"))])
    }
    return begun[0]
  }
}
