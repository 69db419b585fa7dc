import Foundation
import Lang
import Runtime

/// `repro 12`: runs a past line again from nothing and says, sample by sample, whether it came out the same.
struct ReproCommand: Command {
  let workbench: Workbench

  static let columns = [
    "config", "sample", "same", "parts_at", "output_tokens", "output_tokens_now", "cache_bytes", "cache_bytes_now",
    "e2e_ms", "e2e_ms_now",
  ]

  let signature = Signature(
    "repro", summary: "Runs a past line again and compares every response with the one that was kept.",
    details: """
      The script of `show` runs in a session of its own, in the folder it ran in; nothing is taken from the store and \
      nothing is kept. same says that text, tokens and bytes of the cache are equal; parts_at is the first character of \
      the answers that differs. What has changed since, of kvsh, model and machine, is said first. Times never repeat.
      """,
    parameters: [
      Parameter("id", .int, range: 1...9e15, doc: "A line out of `history`.", positional: true, required: true)
    ],
    produces: .table, columns: columns,
    examples: [
      Example(
        "run sharegpt n=2 max=8; repro (history | where rows > 0 | tail 1).id[0] | select sample same",
        "The same again, to the letter.")
    ], group: "experiments")

  func run(_ call: Call, in context: Context) throws -> Value {
    let runs = try call.pastRuns(in: workbench)
    let store = try call.placing { try workbench.store() }
    var records: [Record] = []
    for run in runs where !workbench.wasInterrupted {
      // Each run of the line beside its own rows: another one may be over the same samples.
      var kept: [Pair: StoredRow] = [:]
      for past in try call.placing({ try store.rows(ofLine: run.line.id) }) {
        kept[Pair(past.row.config, past.row.sample)] = past.row
      }
      let table = try repeated(run, context)
      records += Self.comparison(table, kept)
    }
    let same = records.count { $0["same"] == .bool(true) }
    context.print("\(same) of \(records.count) responses are the same to the letter, token and byte")
    return .table(
      Table(
        columns: Self.columns.map { column in .init(column, ColumnData(records.map { $0[column] ?? .nil })) }))
  }

  private struct Pair: Hashable {
    let config: String
    let sample: String

    init(_ config: String, _ sample: String) {
      self.config = config
      self.sample = sample
    }
  }

  /// The rows of the run, computed anew.
  private func repeated(_ run: Store.PastRun, _ context: Context) throws -> Table {
    let session = try Session(
      options: SessionOptions(
        home: workbench.home, terminal: workbench.terminal, progress: workbench.progress,
        output: { context.print($0) }, cancellation: workbench.cancellation, models: workbench.models,
        recomputes: true))
    let (chosen, folder) = (workbench.models.chosen, FileManager.default.currentDirectoryPath)
    defer {
      workbench.models.chosen = chosen
      _ = FileManager.default.changeCurrentDirectoryPath(folder)
    }
    if run.record.folder != folder, !FileManager.default.changeCurrentDirectoryPath(run.record.folder) {
      context.print("note: \(run.record.folder), where the line ran, is gone: paths are taken from here")
    }
    let script = Source(
      name: "line \(run.line.id)", text: run.record.script(line: run.line.id, started: run.line.started))
    let value = try session.interpreter.run(script)
    if session.wasInterrupted { workbench.wasInterrupted = true }
    if let now = session.latestRecord {
      for difference in run.record.differences(from: now) { context.print("note: \(difference)") }
    }
    guard case .table(let table) = value else { return Table(columns: []) }
    return table
  }

  private static func comparison(_ table: Table, _ kept: [Pair: StoredRow]) -> [Record] {
    func cell(_ name: String, _ row: Int) -> Value { table.column(name)?[row] ?? .nil }
    return (0..<table.rowCount).compactMap { row in
      let (config, sample) = (cell("config", row), cell("sample", row))
      guard let before = kept[Pair(config.text, sample.text)] else { return nil }
      let text = cell("text", row).text
      let isSame =
        text == before.text && cell("output_tokens", row) == .int(before.outputTokens)
        && cell("cache_bytes", row) == .int(before.cacheBytes)
      return Record([
        ("config", config), ("sample", sample), ("same", .bool(isSame)),
        ("parts_at", parts(before.text, text).map { .int($0) } ?? .nil),
        ("output_tokens", .int(before.outputTokens)), ("output_tokens_now", cell("output_tokens", row)),
        ("cache_bytes", .int(before.cacheBytes)), ("cache_bytes_now", cell("cache_bytes", row)),
        ("e2e_ms", .float(before.e2eMs)), ("e2e_ms_now", cell("e2e_ms", row)),
      ])
    }
  }

  /// The first character in which two texts differ, from 0; nil if they do not.
  static func parts(_ a: String, _ b: String) -> Int? {
    a == b ? nil : zip(a, b).prefix { $0 == $1 }.count
  }
}
