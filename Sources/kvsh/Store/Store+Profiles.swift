import Foundation
import GRDB
import Runtime

/// What `profile` measured: a row a configuration, with the record of what it was measured on.
extension Store {
  static func addProfiles(_ migrator: inout DatabaseMigrator) {
    migrator.registerMigration("7 profiles") { database in
      try database.create(table: "profiles") { table in
        table.autoIncrementedPrimaryKey("id")
        table.column("made", .datetime).notNull()
        /// The method with all parameters; empty for the uncompressed cache.
        table.column("specification", .text).notNull().indexed()
        table.column("label", .text).notNull()
        table.column("record", .text).notNull()
        table.column("content", .text).notNull()
      }
    }
  }

  /// A profile of the store, not yet read: most are never asked for.
  struct PastProfile {
    let id: Int64
    let made: Date
    let specification: String
    let label: String
    let record: RunRecord
    let content: String

    /// - Throws: `RuntimeProblem` K641 if it is of another version, or damaged.
    func profile() throws -> ConfigurationProfile {
      guard let profile = try? JSONDecoder().decode(ConfigurationProfile.self, from: Data(content.utf8)),
        profile.isSound
      else { throw RouteProblems.profile("profile \(id) of \(label) cannot be read") }
      return profile
    }
  }

  /// Keeps a profile and gives it a number.
  func keep(_ profile: ConfigurationProfile, of compressor: Compressor, _ record: RunRecord) throws -> Int64 {
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.sortedKeys, .withoutEscapingSlashes]
    return try attempt {
      let content = String(decoding: try encoder.encode(profile), as: UTF8.self)
      let origin = String(decoding: try encoder.encode(record), as: UTF8.self)
      return try database.write { database in
        try database.execute(
          sql: "INSERT INTO profiles (made, specification, label, record, content) VALUES (?, ?, ?, ?, ?)",
          arguments: [Date(), compressor.specification, compressor.label, origin, content])
        return database.lastInsertedRowID
      }
    }
  }

  /// All profiles, the newest first; those whose record cannot be read are left out.
  func profiles() throws -> [PastProfile] {
    try attempt {
      try database.read { database in
        try Row.fetchAll(database, sql: "SELECT * FROM profiles ORDER BY id DESC").compactMap { row in
          let origin: String = row["record"]
          guard let record = try? JSONDecoder().decode(RunRecord.self, from: Data(origin.utf8)) else { return nil }
          return PastProfile(
            id: row["id"], made: row["made"], specification: row["specification"], label: row["label"],
            record: record, content: row["content"])
        }
      }
    }
  }
}
