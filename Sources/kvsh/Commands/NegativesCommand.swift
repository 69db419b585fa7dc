import Lang
import Runtime

/// `negatives theta=0.1`: Algorithm 1 of the second paper over scores of a run or of files.
struct NegativesCommand: Command {
  let workbench: Workbench

  let signature = Signature(
    "negatives", summary: "Samples that the model answers well and that every compressor of a set breaks.",
    details: """
      A sample is benign if the baseline's score is at least the mean of its task. A benign sample is negative if every \
      configuration of the set scores below (1 - theta) times the baseline; one at or above it rescues the sample. Sets of \
      several configurations so have fewer negatives than each of them alone.

      per=none counts; per=type and per=task count apart, `share` being of the set's negatives and `rate` of the benign \
      samples there; per=sample lists the negatives (`| save "x.longbench.json"` makes a data set of them that `run \
      longbench file=` takes); per=score gives the scores on them, each task weighing the same (the paper's table 7), and \
      per=table the same with a row for each type and a column for each configuration; one that is called like another \
      column, `baseline` or `type`, has (config) behind its name. on=all scores every sample instead: \
      rows of a run over such a data set are the negatives already, whatever configurations they are of.
      """,
    parameters: [
      Parameter(
        "theta", .value(.union([.number, .share])), default: .float(0.1),
        doc: "The loss that counts; several are a sweep.",
        sweepable: true),
      Parameter(
        "per", .choice(["none", "type", "task", "sample", "score", "table"]), default: .string("none"),
        doc: "What a row is."),
      Parameter(
        "on", .choice(["negatives", "all"]), default: .string("negatives"),
        doc: "What per=score and per=table score: the negatives of these rows, or all of them."),
    ] + NegativeSets.parameters,
    accepts: [.table], produces: .table,
    columns: ["set", "theta", "type", "task", "negatives", "benign", "rate", "share"],
    examples: [
      Example(
        "load scores \"examples/scores\" | negatives theta=[10%, 50%] set={both: [\"half\", \"third\"]}",
        "Counts for a set of two."),
      Example(
        "load scores \"examples/choice\" | negatives per=table on=all",
        "Table 7's form: scores by type and configuration."),
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let judged = try NegativeSets(call, home: workbench.home)
    let thetas = NegativeSets.thetas(call)
    let per = try call.name("per")
    let scoresAll = try call.name("on") == "all"
    guard !scoresAll || ["score", "table"].contains(per) else {
      throw Problem(
        "K023", seen: "on=all with per=\(per)", expected: "per=score or per=table", labels: [.init(call.span(of: "on"))]
      )
    }
    if scoresAll { return .table(judged.wholeScores(isTable: per == "table", isChosen: call.isGiven("set"))) }
    var rows: [Record] = []
    for set in judged.sets {
      for theta in thetas {
        let found = try call.placing(at: "theta") { try judged.analysis.negatives(of: set.members, theta: theta) }
        let head: [(String, Value)] = [("set", .string(set.name)), ("theta", .float(theta))]
        switch per {
        case "type", "task": rows += judged.counts(found, set.members, by: per).map { Record(head + $0) }
        case "sample": rows += found.map { Record(head + judged.cells($0, set.members)) }
        case "score": rows += judged.scores(found, set.members).map { Record(head + $0) }
        case "table": rows += judged.table(found, set.members).map { Record(head + $0) }
        default:
          let benign = judged.analysis.count(judged.analysis.benign(of: set.members))
          let count = judged.analysis.count(found)
          rows.append(
            Record(
              head + [
                ("negatives", .int(count)), ("benign", .int(benign)),
                ("rate", benign > 0 ? .share(Double(count) / Double(benign)) : .nil),
              ]))
        }
      }
    }
    return .table(Table(rows: rows))
  }
}

extension NegativeSets {
  /// Groups in the order in which their samples come.
  private func groups(by per: String) -> [(name: String, places: Set<Int>)] {
    var order: [String] = []
    var places: [String: Set<Int>] = [:]
    for (place, sample) in analysis.sheet.samples.enumerated() {
      let name = per == "type" ? types[sample.task] ?? sample.task : sample.task
      if places[name] == nil { order.append(name) }
      places[name, default: []].insert(place)
    }
    return order.map { ($0, places[$0] ?? []) }
  }

  /// How many negatives of each type or task there are, of how many benign samples.
  func counts(_ found: [Int], _ members: [Int], by per: String) -> [[(String, Value)]] {
    let total = analysis.count(found)
    let benign = analysis.benign(of: members)
    return groups(by: per).map { group in
      let count = analysis.count(found.filter(group.places.contains))
      let possible = analysis.count(benign.filter(group.places.contains))
      return [
        (per, .string(group.name)), ("negatives", .int(count)), ("benign", .int(possible)),
        ("rate", possible > 0 ? .share(Double(count) / Double(possible)) : .nil),
        ("share", total > 0 ? .share(Double(count) / Double(total)) : .nil),
      ]
    }
  }

  /// One negative sample: the baseline's score and the best of the set.
  fileprivate func cells(_ place: Int, _ members: [Int]) -> [(String, Value)] {
    let sample = analysis.sheet.samples[place]
    let best = members.compactMap { sample.scores[$0] }.max()
    return [
      ("type", .string(types[sample.task] ?? sample.task)), ("task", .string(sample.task)),
      ("sample", .string(sample.sample)), ("baseline", .float(sample.baseline)),
      ("best", best.map { .float($0) } ?? .nil),
    ]
  }

  /// Scores of every sample, for rows of a benchmark: of each set that was chosen, or of all configurations together.
  fileprivate func wholeScores(isTable: Bool, isChosen: Bool) -> Table {
    let everything = (name: "all", members: Array(analysis.sheet.configurations.indices))
    let places = Array(analysis.sheet.samples.indices)
    let rows = (isChosen ? sets : [everything]).flatMap { set in
      (isTable ? table(places, set.members) : scores(places, set.members)).map {
        Record([("set", .string(set.name))] + $0)
      }
    }
    return Table(rows: rows)
  }

  /// Table 7 as the paper prints it: a row a type, the baseline and every configuration of the set as columns.
  fileprivate func table(_ found: [Int], _ members: [Int]) -> [[(String, Value)]] {
    let names = ConfigurationNames.distinct(
      analysis.sheet.configurations, beside: ["set", "theta", "type", "tasks", "samples", "baseline"])
    return groups(by: "type").compactMap { group -> [(String, Value)]? in
      let places = found.filter(group.places.contains)
      guard !places.isEmpty else { return nil }
      let columns: [(String, Int?)] = [("baseline", nil)] + members.map { (names[$0], $0) }
      return [
        ("type", .string(group.name)), ("tasks", .int(Set(places.map { analysis.sheet.samples[$0].task }).count)),
        ("samples", .int(places.count)),
      ]
        + columns.map { label, column in
          (label, analysis.macroMean(places, column: column).map { .float($0 * 100) } ?? .nil)
        }
    }
  }

  /// Table 7: scores on the negatives of each type, x100, for the baseline and every configuration of the set.
  fileprivate func scores(_ found: [Int], _ members: [Int]) -> [[(String, Value)]] {
    let names = ConfigurationNames.distinct(analysis.sheet.configurations, beside: ["baseline"])
    let columns: [(label: String, column: Int?)] = [("baseline", nil)] + members.map { (names[$0], $0) }
    return groups(by: "type").flatMap { group -> [[(String, Value)]] in
      let places = found.filter(group.places.contains)
      guard !places.isEmpty else { return [] }
      return columns.compactMap { label, column in
        analysis.macroMean(places, column: column).map { mean in
          [
            ("type", .string(group.name)), ("config", .string(label)), ("score", .float(mean * 100)),
            ("tasks", .int(Set(places.map { analysis.sheet.samples[$0].task }).count)), ("samples", .int(places.count)),
          ]
        }
      }
    }
  }
}
