import Foundation
import GRDB
import Runtime
import Testing

@testable import kvsh

/// Stores of older versions are brought up to date with what they hold; those of newer ones are left alone.
struct StoreMigrationTests {
  static let versions = Store.migrator.migrations

  /// A store as the version left it, with one row and the line that made it.
  private func store(_ version: String) throws -> TemporaryFolder {
    let folder = try TemporaryFolder()
    let database = try DatabaseQueue(path: folder.path + "/store.sqlite")
    try Store.migrator.migrate(database, upTo: version)
    try database.write {
      try $0.execute(
        sql: """
          INSERT INTO rows (spec, sample, prompt, config, storage, finish, text, promptTokens, outputTokens, batch,
            cacheBytes, cacheBytesPeak, payloadBytes, scaleBytes, metadataBytes, exactTailBytes, correctionBytes,
            slackBytes, readBytes, truncated, ttftMs, e2eMs)
          VALUES ('s', 'a', 'p', 'kivi', 'packed', 'length', 'an answer', 7, 3, 1, 10, 11, 12, 13, 14, 15, 16, 17, 18, 0,
            1.5, 2.5)
          """)
      try $0.execute(
        sql: "INSERT INTO lines (started, line, rows, total) VALUES (?, 'run x', 1, 1)", arguments: [Date()])
    }
    return folder
  }

  @Test("every older version's rows and lines are read as they were", arguments: versions)
  func older(_ version: String) throws {
    let folder = try store(version)
    for _ in 0..<2 {
      let store = try Store(home: folder.path)
      let row = try #require(try store.rows(spec: "s").values.first)
      #expect(row.text == "an answer" && row.keptTokens == (version.hasPrefix("1") ? 7 : 0))
      #expect(row.modelMs == nil && row.line == nil && row.finished == nil)
      #expect(try store.lines().map(\.line) == ["run x"])
      #expect(try store.runs(ofLine: 1).isEmpty)
    }
  }

  @Test("a store that a newer kvsh has written is left alone, with one sentence")
  func newer() throws {
    let folder = try store(try #require(Self.versions.last))
    let database = try DatabaseQueue(path: folder.path + "/store.sqlite")
    try database.write { try $0.execute(sql: "INSERT INTO grdb_migrations VALUES ('99 of tomorrow')") }
    #expect {
      _ = try Store(home: folder.path)
    } throws: {
      let problem = $0 as? RuntimeProblem
      return problem?.code == "K501" && problem?.seen.hasSuffix("cannot be used: a newer kvsh has written it") == true
    }
    #expect(try database.read { try String.fetchOne($0, sql: "SELECT text FROM rows") } == "an answer")
  }
}
