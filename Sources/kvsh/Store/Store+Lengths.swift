import Foundation
import GRDB
import Runtime

/// Prompts of rows, and the length predictors that were trained on them.
extension Store {
  static func addLengths(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("6 prompts and length predictors") { database in
      try database.create(table: "prompts") { table in
        table.primaryKey("prompt", .text)
        table.column("text", .text).notNull()
      }
      try database.create(table: "lengthPredictors") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("made", .datetime).notNull()
        /// What it was trained from, as `train` was told.
        table.column("source", .text).notNull()
        table.column("version", .integer).notNull()
        table.column("content", .text).notNull()
      }
    }
  }

  /// Keeps the texts of prompts by the hashes that rows have of them; what is there stays.
  func keepPrompts(_ prompts: [(hash: String, text: String)]) throws {
    try attempt {
      try database.write { database in
        let statement = try database.makeStatement(sql: "INSERT OR IGNORE INTO prompts (prompt, text) VALUES (?, ?)")
        for prompt in prompts { try statement.execute(arguments: [prompt.hash, prompt.text]) }
      }
    }
  }

  /// Texts of prompts by their hashes; those of rows that an older kvsh stored are not there.
  func prompts(_ hashes: Set<String>) throws -> [String: String] {
    try attempt {
      try database.read { database in
        let statement = try database.makeStatement(sql: "SELECT text FROM prompts WHERE prompt = ?")
        var texts: [String: String] = [:]
        for hash in hashes { texts[hash] = try String.fetchOne(statement, arguments: [hash]) }
        return texts
      }
    }
  }

  /// A predictor of the store.
  struct PastPredictor {
    let id: Int64
    let made: Date
    let source: String
    let predictor: LengthPredictor
  }

  /// Keeps a predictor and gives it a number.
  func keep(_ predictor: LengthPredictor, source: String) throws -> Int64 {
    let encoder = JSONEncoder()
    encoder.outputFormatting = .sortedKeys
    // Of a few residuals an end may be infinite.
    encoder.nonConformingFloatEncodingStrategy = Self.numbers
    return try attempt {
      let content = String(decoding: try encoder.encode(predictor), as: UTF8.self)
      return try database.write { database in
        try database.execute(
          sql: "INSERT INTO lengthPredictors (made, source, version, content) VALUES (?, ?, ?, ?)",
          arguments: [Date(), source, predictor.version, content])
        return database.lastInsertedRowID
      }
    }
  }

  private static let numbers = JSONEncoder.NonConformingFloatEncodingStrategy.convertToString(
    positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")

  /// The predictor of a number, or the newest.
  ///
  /// - Throws: `RuntimeProblem` K657 if there is none, K656 if it cannot be read.
  func lengthPredictor(_ id: Int64?) throws -> PastPredictor {
    let found = try attempt {
      try database.read { database in
        try Row.fetchOne(
          database,
          sql: "SELECT * FROM lengthPredictors WHERE :id IS NULL OR id = :id ORDER BY id DESC LIMIT 1",
          arguments: ["id": id])
      }
    }
    guard let found else {
      let ids = try attempt {
        try database.read { try Int64.fetchAll($0, sql: "SELECT id FROM lengthPredictors ORDER BY id") }
      }
      throw RuntimeProblem(
        LengthPredictionProblems.noModel,
        seen: id.map { "there is no length predictor \($0)" } ?? "there is no length predictor in the store",
        expected: ids.isEmpty ? nil : "one of " + ids.map(String.init).joined(separator: ", "),
        suggestion: "make one: train length from=run:ID, with an ID out of `history | where rows > 0`")
    }
    let number: Int64 = found["id"]
    let version: Int = found["version"]
    let content: String = found["content"]
    let decoder = JSONDecoder()
    decoder.nonConformingFloatDecodingStrategy = .convertFromString(
      positiveInfinity: "inf", negativeInfinity: "-inf", nan: "nan")
    guard version == LengthPredictor.version,
      let predictor = try? decoder.decode(LengthPredictor.self, from: Data(content.utf8)), predictor.isSound
    else {
      throw RuntimeProblem(
        LengthPredictionProblems.damagedModel, seen: "length predictor \(number) is of version \(version)",
        expected: "version \(LengthPredictor.version)",
        suggestion: "train it again: train length from=\(found["source"] as String)")
    }
    return PastPredictor(id: number, made: found["made"], source: found["source"], predictor: predictor)
  }
}
