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

  @Test("rows that an older version linked to a line have no choice, and new ones keep theirs beside them")
  func choices() throws {
    let before = try #require(Self.versions.firstIndex { $0.hasPrefix("9 ") }) - 1
    let folder = try store(Self.versions[before])
    try DatabaseQueue(path: folder.path + "/store.sqlite").write {
      try $0.execute(
        sql: "INSERT INTO lineRows (line, place, spec, sample, prompt, config) VALUES (1, 0, 's', 'a', 'p', 'auto')")
    }
    let store = try Store(home: folder.path)
    let old = try store.rows(ofLine: 1)
    #expect(old.map(\.row.config) == ["auto"] && old.map(\.choice) == [nil])
    var row = try #require(store.rows(spec: "s").values.first)
    let found = Store.LineRow(row: row, choice: "kivi bits=2")
    let line = try store.begin(line: "run y", rows: [(place: 1, row: found)], total: 2)
    row.sample = "b"
    try store.save(row, line: line, place: 0, as: "auto", choice: "h2o budget=64")
    let again = try Store(home: folder.path).rows(ofLine: line)
    #expect(again.map(\.choice) == ["h2o budget=64", "kivi bits=2"])
    #expect(again.map(\.row.config) == ["auto", "kivi"] && again.map(\.row.sample) == ["b", "a"])
    #expect(try store.rows(ofLine: 1).map(\.choice) == [nil])
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
