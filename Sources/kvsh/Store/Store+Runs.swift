import Foundation
import GRDB

/// What made the rows: a record for each line that ran something, and for each row the line that computed it.
extension Store {
  static func addRuns(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("5 what made the rows") { database in
      try database.create(table: "runs") { table in
        table.primaryKey("line", .integer)
        table.column("record", .text).notNull()
      }
      try database.alter(table: "rows") { table in
        // nil in rows of an older kvsh.
        table.add(column: "line", .integer)
        table.add(column: "finished", .datetime)
      }
    }
  }

  /// A line that ran something, and what it ran.
  struct PastRun {
    let line: PastLine
    let record: RunRecord
  }

  func keep(_ record: RunRecord, line: Int64, in database: Database) throws {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    try database.execute(
      sql: "INSERT INTO runs (line, record) VALUES (?, ?)",
      arguments: [line, String(decoding: try encoder.encode(record), as: UTF8.self)])
  }

  /// The runs of a line: its own, or those within a typed one, in order.
  func runs(ofLine id: Int64) throws -> [PastRun] {
    try attempt {
      try database.read { database in
        let lines = try PastLine.fetchAll(
          database, sql: "SELECT * FROM lines WHERE id = :id OR parent = :id ORDER BY id", arguments: ["id": id])
        return try lines.compactMap { line in
          guard
            let text = try String.fetchOne(
              database, sql: "SELECT record FROM runs WHERE line = ?", arguments: [line.id])
          else { return nil }
          return PastRun(line: line, record: try JSONDecoder().decode(RunRecord.self, from: Data(text.utf8)))
        }
      }
    }
  }

  /// The records of the lines that computed the given rows.
  func records(of rows: [StoredRow]) throws -> [Int64: RunRecord] {
    try attempt {
      try database.read { database in
        var records: [Int64: RunRecord] = [:]
        for line in Set(rows.compactMap(\.line)) {
          let text = try String.fetchOne(database, sql: "SELECT record FROM runs WHERE line = ?", arguments: [line])
          records[line] = try text.map { try JSONDecoder().decode(RunRecord.self, from: Data($0.utf8)) }
        }
        return records
      }
    }
  }
}
