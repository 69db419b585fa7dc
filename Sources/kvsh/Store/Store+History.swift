import Foundation
import GRDB

/// Lines that were typed or run, and which rows each of them gave.
extension Store {
  /// A past line; a `run` within a typed line is a line of its own with that one as its parent.
  struct PastLine: Codable, FetchableRecord {
    let id: Int64
    let started: Date
    let line: String
    /// Finished rows of the `run` commands.
    let rows: Int
    /// Rows of the `run` commands in all.
    let total: Int
    /// nil while it runs, or if the process was killed.
    let seconds: Double?
    /// `done`, `failed`, `rejected` or `interrupted`; nil as `seconds`.
    let status: String?
    let parent: Int64?
  }

  static func addHistory(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("4 how lines ended, and their rows") { database in
      try database.alter(table: "lines") { table in
        table.add(column: "seconds", .double)
        table.add(column: "status", .text)
        table.add(column: "parent", .integer)
      }
      try database.create(table: "lineRows") { table in
        table.column("line", .integer).notNull()
        table.column("place", .integer).notNull()
        for name in ["spec", "sample", "prompt", "config"] { table.column(name, .text).notNull() }
        table.primaryKey(["line", "place"], onConflict: .replace)
      }
    }
  }

  static func addChoices(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("9 what was chosen") { database in
      // A choice is the line's: another line may have asked for the same row by name.
      try database.alter(table: "lineRows") { $0.add(column: "choice", .text) }
    }
  }

  /// A row as a line gave it.
  struct LineRow: Equatable {
    /// Under the label that the line has for its configuration.
    var row: StoredRow
    /// What `compress auto` chose for the request; nil in rows of a configuration that is the same for all, and of a kvsh
    /// that did not keep it.
    var choice: String?
  }

  /// Notes that a line begins.
  ///
  /// - Parameters:
  ///   - rows: those that are finished already, by their place among all.
  ///   - total: rows that it will have.
  ///   - parent: the typed line that it is part of.
  ///   - record: what it runs.
  func begin(
    line: String, rows: [(place: Int, row: LineRow)] = [], total: Int = 0, parent: Int64? = nil,
    record: RunRecord? = nil
  ) throws -> Int64 {
    try attempt {
      try database.write { database in
        try database.execute(
          sql: "INSERT INTO lines (started, line, rows, total, parent) VALUES (?, ?, ?, ?, ?)",
          arguments: [Date(), line, rows.count, total, parent])
        let id = database.lastInsertedRowID
        for (place, row) in rows { try Self.link(row, to: id, place, database) }
        if let record { try keep(record, line: id, in: database) }
        return id
      }
    }
  }

  /// Keeps a finished row and counts it to its line, both or neither.
  ///
  /// - Parameters:
  ///   - label: what the line calls the row's configuration; nil as the row does.
  ///   - choice: what was chosen for it, if that is another configuration for each request.
  func save(_ row: StoredRow, line: Int64, place: Int, as label: String? = nil, choice: String? = nil) throws {
    var row = row
    row.line = line
    row.finished = Date()
    try attempt {
      try database.write {
        try row.insert($0)
        var linked = LineRow(row: row, choice: choice)
        linked.row.config = label ?? row.config
        try Self.link(linked, to: line, place, $0)
        try $0.execute(sql: "UPDATE lines SET rows = rows + 1 WHERE id = ?", arguments: [line])
      }
    }
  }

  private static func link(_ linked: LineRow, to line: Int64, _ place: Int, _ database: Database) throws {
    let row = linked.row
    try database.execute(
      sql: "INSERT INTO lineRows (line, place, spec, sample, prompt, config, choice) VALUES (?, ?, ?, ?, ?, ?, ?)",
      arguments: [line, place, row.spec, row.sample, row.prompt, row.config, linked.choice])
  }

  /// Notes how a line ended.
  func end(line: Int64, seconds: Double, status: String) throws {
    try attempt {
      try database.write {
        try $0.execute(
          sql: "UPDATE lines SET seconds = ?, status = ? WHERE id = ?", arguments: [seconds, status, line])
      }
    }
  }

  /// Every line, oldest first.
  func lines() throws -> [PastLine] {
    try attempt { try database.read { try PastLine.fetchAll($0, sql: "SELECT * FROM lines ORDER BY id") } }
  }

  /// The finished rows of a line in the order in which it gave them.
  func rows(ofLine id: Int64) throws -> [LineRow] {
    try attempt {
      try database.read { database in
        let found = try Row.fetchAll(
          database,
          sql: """
            SELECT rows.*, lineRows.config AS label, lineRows.choice AS choice FROM lineRows
            JOIN rows USING (spec, sample, prompt)
            WHERE lineRows.line IN (SELECT id FROM lines WHERE id = :id OR parent = :id)
            ORDER BY lineRows.line, lineRows.place
            """, arguments: ["id": id])
        return try found.map { columns in
          var row = try StoredRow(row: columns)
          row.config = columns["label"]
          return LineRow(row: row, choice: columns["choice"])
        }
      }
    }
  }
}
