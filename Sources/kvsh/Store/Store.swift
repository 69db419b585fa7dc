import Foundation
import GRDB
import Runtime

/// Finished rows and past lines, in `$KVSH_HOME/store.sqlite`; two processes may use one store.
final class Store {
  private let database: DatabaseQueue
  let path: String

  /// - Throws: `RuntimeProblem` K501 if the file cannot be opened or written.
  init(home: String) throws {
    path = home + "/store.sqlite"
    do {
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
      var configuration = Configuration()
      configuration.busyMode = .timeout(10)
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") }
      database = try DatabaseQueue(path: path, configuration: configuration)
      try Self.migrator.migrate(database)
    } catch {
      throw Self.problem(path, error)
    }
  }

  private static func problem(_ path: String, _ error: any Error) -> RuntimeProblem {
    let reason = (error as? DatabaseError)?.message ?? (error as NSError).localizedDescription
    return RuntimeProblem(
      "K501", seen: "the store \(path) cannot be used: \(reason)", expected: "a folder that can be written",
      suggestion: "set KVSH_HOME to another folder")
  }

  private func attempt<T>(_ work: () throws -> T) throws -> T {
    do { return try work() } catch { throw Self.problem(path, error) }
  }

  private static var migrator: DatabaseMigrator {
    var migrator = DatabaseMigrator()
    migrator.registerMigration("1 rows, lines, digests") { database in
      try database.create(table: "rows") { table in
        for name in ["spec", "sample", "prompt", "config", "storage", "finish", "text"] {
          table.column(name, .text).notNull()
        }
        for name in [
          "promptTokens", "outputTokens", "batch", "cacheBytes", "cacheBytesPeak", "payloadBytes", "scaleBytes",
          "metadataBytes", "exactTailBytes", "correctionBytes", "slackBytes", "readBytes",
        ] { table.column(name, .integer).notNull() }
        table.column("truncated", .boolean).notNull()
        table.column("ttftMs", .double).notNull()
        table.column("tbotMs", .double)
        table.column("e2eMs", .double).notNull()
        table.primaryKey(["spec", "sample", "prompt"], onConflict: .replace)
      }
      try database.create(table: "lines") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("started", .datetime).notNull()
        table.column("line", .text).notNull()
        table.column("rows", .integer).notNull()
        table.column("total", .integer).notNull()
      }
      try database.create(table: "digests") { table in
        table.primaryKey("file", .text)
        table.column("digest", .text).notNull()
      }
    }
    return migrator
  }

  // MARK: Rows

  /// Stored rows of a specification, by sample and prompt.
  func rows(spec: String) throws -> [RowKey: StoredRow] {
    let rows = try attempt {
      try database.read { try StoredRow.filter(Column("spec") == spec).fetchAll($0) }
    }
    return Dictionary(rows.map { (RowKey(sample: $0.sample, prompt: $0.prompt), $0) }) { first, _ in first }
  }

  func save(_ row: StoredRow) throws { try attempt { try database.write { try row.insert($0) } } }

  struct RowKey: Hashable {
    let sample: String
    let prompt: String
  }

  // MARK: Lines

  /// A past `run`: what was typed and how much of it is finished.
  struct PastLine: Codable, FetchableRecord {
    let id: Int64
    let started: Date
    let line: String
    let rows: Int
    let total: Int
  }

  func begin(line: String, total: Int) throws -> Int64 {
    try attempt {
      try database.write { database in
        try database.execute(
          sql: "INSERT INTO lines (started, line, rows, total) VALUES (?, ?, 0, ?)", arguments: [Date(), line, total])
        return database.lastInsertedRowID
      }
    }
  }

  func end(line id: Int64, rows: Int) throws {
    try attempt {
      try database.write { try $0.execute(sql: "UPDATE lines SET rows = ? WHERE id = ?", arguments: [rows, id]) }
    }
  }

  func lines() throws -> [PastLine] {
    try attempt { try database.read { try PastLine.fetchAll($0, sql: "SELECT * FROM lines ORDER BY id") } }
  }

  // MARK: Digests

  func digest(_ file: String) throws -> String? {
    try attempt {
      try database.read { try String.fetchOne($0, sql: "SELECT digest FROM digests WHERE file = ?", arguments: [file]) }
    }
  }

  func remember(digest: String, for file: String) throws {
    try attempt {
      try database.write {
        try $0.execute(sql: "INSERT OR REPLACE INTO digests (file, digest) VALUES (?, ?)", arguments: [file, digest])
      }
    }
  }
}
