import Lang
import Runtime

/// Times configurations at every point of a sweep and makes rows of it.
struct SpeedRows {
  /// A point of the sweep: its work, and the cells that say which it is.
  struct Point {
    let work: TimedWork
    let cells: [(String, Value)]
  }

  static let rateColumns = [
    "tok_s", "low", "high", "speedup", "speedup_low", "speedup_high", "repeats", "threads", "cache_bytes", "read_bytes",
  ]

  static let intervalDoc = """
    tok_s is the median round, low and high its interval of order statistics: 95 % from six rounds on, the smallest and \
    the largest below that (five: 94 %). speedup is the median over rounds of the rate over the uncompressed cache's in \
    the same round. cache_bytes is held by all sequences at the end, read_bytes is read by one step of all of them.
    """

  let label: String
  let warmups: Int
  let repeats: Int

  func rows(
    _ points: [Point], _ configurations: [Compressor], _ loaded: LoadedModel, _ workbench: Workbench
  ) throws -> [Record] {
    var rows: [Record] = []
    let total = points.count * configurations.count * (warmups + repeats)
    for (place, point) in points.enumerated() {
      let arms = configurations.map { compressor in
        TimedArm(compressor.label) { try loaded.engine.time(point.work, compressor, workbench.cancellation) }
      }
      let runs = try Interleaving.run(arms, warmups: warmups, repeats: repeats) { arm, done in
        workbench.progress.update(
          ProgressState(
            label: label, done: place * arms.count * (warmups + repeats) + done, total: total, note: arms[arm].label))
      }
      let baseline = try runs.first.flatMap { $0.isEmpty ? nil : try Throughput($0) }
      for (arm, runs) in zip(arms, runs) where !runs.isEmpty {
        rows.append(try record(arm, try Throughput(runs), baseline, point, loaded))
      }
      if workbench.cancellation.isCancelled { break }
    }
    return rows
  }

  private func record(
    _ arm: TimedArm, _ throughput: Throughput, _ baseline: Throughput?, _ point: Point, _ loaded: LoadedModel
  ) throws -> Record {
    let speedup = try baseline.map { try throughput.speedup(over: $0) }
    func cell(_ number: Double?) -> Value { number.map { .float($0) } ?? .nil }
    return Record(
      [("config", .string(arm.label))] + point.cells + [
        ("tok_s", .float(throughput.rate.value)), ("low", cell(throughput.rate.low)),
        ("high", cell(throughput.rate.high)), ("speedup", cell(speedup?.value)),
        ("speedup_low", cell(speedup?.low)), ("speedup_high", cell(speedup?.high)),
        ("repeats", .int(throughput.runs.count)), ("threads", .int(loaded.engine.threads)),
        ("cache_bytes", .int(throughput.runs.last?.cacheBytes.held ?? 0)),
        ("read_bytes", .int(throughput.runs.last?.readBytesPerStep ?? 0)),
      ])
  }
}
