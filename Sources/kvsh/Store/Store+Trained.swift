import Foundation
import GRDB
import Runtime

/// What was trained to choose by: classifiers of task types and rules of choice.
extension Store {
  static func addTrained(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("8 classifiers and rules") { database in
      try database.create(table: "trained") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("kind", .text).notNull().indexed()
        table.column("made", .datetime).notNull()
        /// What it was trained from, as `train` was told.
        table.column("source", .text).notNull()
        table.column("version", .integer).notNull()
        table.column("content", .text).notNull()
      }
    }
  }

  /// A model of the store.
  struct Trained<Model> {
    let id: Int64
    let source: String
    let model: Model
  }

  /// Kinds of models, with the words that a problem has for each.
  enum TrainedKind: String {
    case task, rule

    var words: String { self == .task ? "classifier of task types" : "rule of choice" }
    var missing: String { self == .task ? ChoiceProblems.noClassifier : ChoiceProblems.noRule }
    var command: String {
      self == .task
        ? "train task from=PATH, PATH being LongBench's files"
        : "run longbench | train auto, behind `compress` with methods"
    }
  }

  /// Keeps a classifier and gives it a number.
  func keep(_ classifier: TaskClassifier, source: String) throws -> Int64 {
    try keep(classifier, .task, version: TaskClassifier.version, source: source)
  }

  /// Keeps a rule and gives it a number.
  func keep(_ rule: ChoiceRule, source: String) throws -> Int64 {
    try keep(rule, .rule, version: ChoiceRule.version, source: source)
  }

  private func keep(_ model: some Encodable, _ kind: TrainedKind, version: Int, source: String) throws -> Int64 {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    return try attempt {
      let content = String(decoding: try encoder.encode(model), as: UTF8.self)
      return try database.write { database in
        try database.execute(
          sql: "INSERT INTO trained (kind, made, source, version, content) VALUES (?, ?, ?, ?, ?)",
          arguments: [kind.rawValue, Date(), source, version, content])
        return database.lastInsertedRowID
      }
    }
  }

  /// The classifier of a number, or the newest.
  ///
  /// - Throws: `RuntimeProblem` K661 if there is none, K662 if it cannot be read.
  func taskClassifier(_ id: Int64?) throws -> Trained<TaskClassifier> {
    try trained(id, .task, version: TaskClassifier.version) { $0.isSound }
  }

  /// The rule of a number, or the newest.
  ///
  /// - Throws: `RuntimeProblem` K663 if there is none, K662 if it cannot be read.
  func choiceRule(_ id: Int64?) throws -> Trained<ChoiceRule> {
    try trained(id, .rule, version: ChoiceRule.version) { $0.isSound }
  }

  private func trained<Model: Decodable>(
    _ id: Int64?, _ kind: TrainedKind, version: Int, isSound: (Model) -> Bool
  ) throws -> Trained<Model> {
    let found = try attempt {
      try database.read { database in
        try Row.fetchOne(
          database,
          sql: "SELECT * FROM trained WHERE kind = :kind AND (:id IS NULL OR id = :id) ORDER BY id DESC LIMIT 1",
          arguments: ["kind": kind.rawValue, "id": id])
      }
    }
    guard let found else {
      let ids = try attempt {
        try database.read {
          try Int64.fetchAll($0, sql: "SELECT id FROM trained WHERE kind = ? ORDER BY id", arguments: [kind.rawValue])
        }
      }
      throw RuntimeProblem(
        kind.missing,
        seen: id.map { "there is no \(kind.words) \($0)" } ?? "there is no \(kind.words) in the store",
        expected: ids.isEmpty ? nil : "one of " + ids.map(String.init).joined(separator: ", "),
        suggestion: "make one: \(kind.command)")
    }
    let number: Int64 = found["id"]
    let own: Int = found["version"]
    let content: String = found["content"]
    guard own == version, let model = try? JSONDecoder().decode(Model.self, from: Data(content.utf8)), isSound(model)
    else {
      throw RuntimeProblem(
        ChoiceProblems.damaged, seen: "\(kind.words) \(number) is of version \(own)", expected: "version \(version)",
        suggestion: "train it again: \(kind.command)")
    }
    return Trained(id: number, source: found["source"], model: model)
  }

  /// Hashes of prompts to which a sample's rows gave one of some texts; the newest row counts.
  ///
  /// - Parameter rows: names of samples with a response to each.
  func promptHashes(_ rows: [(sample: String, text: String)]) throws -> [String?] {
    try attempt {
      try database.read { database in
        let statement = try database.makeStatement(
          sql: "SELECT prompt FROM rows WHERE sample = ? AND text = ? ORDER BY finished DESC LIMIT 1")
        return try rows.map { try String.fetchOne(statement, arguments: [$0.sample, $0.text]) }
      }
    }
  }
}
