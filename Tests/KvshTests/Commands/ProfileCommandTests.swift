import Foundation
import GRDB
import Lang
import Testing

@testable import kvsh

/// `profile`, and what `predict` and `route` make of it.
@Suite(.serialized)
struct ProfileCommandTests {
  let test: CommandSession
  /// So small that its times say little: only their form is tested.
  private static let tiny = "batch=[1,2] tokens=[8,16,24,32,40] rounds=1"

  init() throws { test = try CommandSession() }

  @Test("a profile answers predict and route without from=, with its held-out error, until the machine is another")
  func wholeWay() throws {
    let kept = try test.table("compress kivi | profile \(Self.tiny)")
    #expect(kept.strings("config") == ["fp16", "fp16", "kivi", "kivi"])
    #expect(kept.strings("stage") == ["prefill", "decode", "prefill", "decode"])
    #expect(kept.ints("heldout_n") == [2, 2, 2, 2] && kept.ints("points") == [8, 8, 8, 8])
    #expect(kept.ints("profile") == [1, 1, 2, 2])
    _ = test.printed()

    let rows = try test.table("predict throughput kivi level=50% batch=[1, 2] tokens=[20, 60]")
    #expect(rows.strings("config") == Array(repeating: "kivi", count: 4))
    #expect(rows.ints("heldout_n").allSatisfy { $0 == 2 })
    #expect(rows.doubles("ms").allSatisfy { $0 > 0 })
    for row in 0..<4 {
      #expect(rows.doubles("low_ms")[row] <= rows.doubles("ms")[row])
      #expect(rows.doubles("ms")[row] <= rows.doubles("high_ms")[row])
    }
    #expect(test.printed() == ["note: times of this machine, as `profile` measured it"])
    #expect(try test.problem("predict throughput kivi tokens=20").problem.code == "K638")
    #expect(try test.problem("predict throughput kivi level=50% tokens=10Ki").problem.code == "K634")
    let other = try test.problem("predict throughput kivi bits=4 level=50%").problem
    #expect(other.code == "K637" && other.suggestion?.contains("compress kivi bits=4 | profile") == true)

    let accuracy = try test.table("predict accuracy")
    #expect(accuracy.strings("evaluator") == ["heldout", "profiled", "heldout", "profiled"])
    #expect(accuracy.ints("points") == [4, 16, 4, 16])
    let route = try test.table("route kivi policy=[baseline, both] rate=0.01 n=20")
    #expect(route.rowCount == 2 && route.doubles("capacity").allSatisfy { $0 > 0 })

    try change { $0.replacing(MachineDescription.current, with: "an abacus") }
    let elsewhere = try test.problem("predict throughput kivi level=50% tokens=20").problem
    #expect(elsewhere.code == "K639" && elsewhere.seen.contains("the machine was an abacus"))
    #expect(elsewhere.span?.text.contains("kivi") == true)
    #expect(try test.problem("predict accuracy").problem.code == "K639")
    #expect(try test.problem("route kivi n=20").problem.code == "K639")
    _ = test.printed()
    #expect(try test.table("predict throughput kivi level=50% tokens=20 any=true").rowCount == 1)
    let notes = test.printed()
    #expect(notes.contains { $0.contains("was not measured here") && $0.contains("an abacus") })
    #expect(notes.last == "note: times of another machine, model or program for kivi: any=true takes them")
    #expect(try test.table("route kivi policy=both rate=0.01 n=20 any=true").rowCount == 1)
    #expect(test.printed().filter { $0.contains("was not measured here") }.count == 2)

    try database { try $0.execute(sql: "UPDATE profiles SET content = '{}'") }
    #expect(try test.problem("predict throughput kivi level=50% tokens=20 any=true").problem.code == "K641")
  }

  @Test(
    "what makes no profile is said where it stands",
    arguments: [
      ("profile batch=[1, 64] tokens=64", "K640", "64"), ("profile batch=1 tokens=100000", "K603", "100000"),
      ("profile rounds=0", "K023", "0"), ("42 | profile", "K030", ""), ("profile size=huge", "K024", "huge"),
    ])
  func hostile(text: String, code: String, place: String) throws {
    let problem = try test.problem(text).problem
    #expect(problem.code == code, "\(problem)")
    if !place.isEmpty { #expect(problem.span?.text.contains(place) == true) }
    #expect(try test.problem("predict throughput").problem.code == "K637")
  }

  private func database(_ work: (Database) throws -> Void) throws {
    let queue = try DatabaseQueue(path: test.home + "/store.sqlite")
    try queue.write(work)
  }

  private func change(_ record: (String) -> String) throws {
    try database { database in
      for row in try Row.fetchAll(database, sql: "SELECT id, record FROM profiles") {
        try database.execute(
          sql: "UPDATE profiles SET record = ? WHERE id = ?", arguments: [record(row["record"]), row["id"] as Int64])
      }
    }
  }
}
