import Foundation
import GRDB
import Runtime

/// Finished rows, past lines and digests, in `$KVSH_HOME/store.sqlite`; two processes may use one store.
final class Store {
  /// How long another process may keep the store to itself.
  private static let waitSeconds = 10

  let database: DatabaseQueue
  let path: String

  /// - Throws: `RuntimeProblem` K501 if the file cannot be opened or written.
  init(home: String) throws {
    path = home + "/store.sqlite"
    do {
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    } catch {
      let reason = access(home, F_OK) == 0 ? "it is no folder" : String(cString: strerror(errno))
      throw Self.problem(path, reason: "the folder cannot be made: \(reason)")
    }
    // Processes that start together must not both create the tables.
    let lock = try Self.lock(home + "/store.lock", path)
    defer { close(lock) }
    do {
      var configuration = Configuration()
      configuration.busyMode = .timeout(Double(Self.waitSeconds))
      configuration.prepareDatabase { try $0.execute(sql: "PRAGMA journal_mode = WAL; PRAGMA synchronous = NORMAL") }
      database = try DatabaseQueue(path: path, configuration: configuration)
      // It holds prompts, answers and what was typed.
      chmod(path, 0o600)
      let migrator = Self.migrator
      if try database.read(migrator.hasBeenSuperseded) {
        throw Self.problem(path, reason: "a newer kvsh has written it")
      }
      try migrator.migrate(database)
    } catch {
      throw Self.problem(path, error)
    }
  }

  private static func problem(_ path: String, _ error: any Error) -> RuntimeProblem {
    if let problem = error as? RuntimeProblem { return problem }
    if (error as? DatabaseError)?.resultCode == .SQLITE_FULL {
      return RuntimeProblem(
        "K501", seen: "the disk of the store \(path) is full", expected: "some free space",
        suggestion: "make room and run the line again: the rows that were finished are kept")
    }
    return problem(path, reason: (error as? DatabaseError)?.message ?? (error as NSError).localizedDescription)
  }

  private static func problem(_ path: String, reason: String) -> RuntimeProblem {
    RuntimeProblem(
      "K501", seen: "the store \(path) cannot be used: \(reason)", expected: "a folder that can be written",
      suggestion: "set KVSH_HOME to another folder")
  }

  /// Waits for the lock as long as for the database; it goes with the descriptor.
  private static func lock(_ file: String, _ path: String) throws -> Int32 {
    let lock = open(file, O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw problem(path, reason: String(cString: strerror(errno))) }
    for _ in 0..<waitSeconds * 100 {
      if flock(lock, LOCK_EX | LOCK_NB) == 0 { return lock }
      usleep(10_000)
    }
    close(lock)
    throw problem(path, reason: "another process has held \(file) for \(waitSeconds) s")
  }

  func attempt<T>(_ work: () throws -> T) throws -> T {
    do { return try work() } catch { throw Self.problem(path, error) }
  }

  static var migrator: DatabaseMigrator {
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
    migrator.registerMigration("2 kept tokens") { database in
      try database.alter(table: "rows") { $0.add(column: "keptTokens", .integer).notNull().defaults(to: 0) }
      // No method shortened prompts before.
      try database.execute(sql: "UPDATE rows SET keptTokens = promptTokens")
    }
    migrator.registerMigration("3 phases of a row") { database in
      try database.alter(table: "rows") { table in
        for name in ["modelMs", "attentionMs", "scoreMs", "selectMs", "packMs"] { table.add(column: name, .double) }
      }
    }
    addHistory(&migrator)
    addRuns(&migrator)
    addLengths(&migrator)
    addProfiles(&migrator)
    addTrained(&migrator)
    addChoices(&migrator)
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

  struct RowKey: Hashable {
    let sample: String
    let prompt: String
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
