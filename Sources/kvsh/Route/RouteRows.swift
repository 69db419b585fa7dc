import Lang
import Runtime

/// The table of `route`.
enum RouteRows {
  static let columns = [
    "config", "policy", "rate", "capacity", "queue", "n", "seeds", "mean_s", "low", "high", "p50_s", "p99_s", "ttft_s",
    "speedup", "sent", "busy",
  ]

  static func table(_ rows: [Record]) -> Table {
    Table(columns: columns.map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) })
  }

  /// One row a study.
  ///
  /// - Throws: K620 for a study without seeds.
  static func rows(_ studies: [RouteStudy], _ configuration: String, _ options: RouteOptions) throws -> [Record] {
    let baselines = studies.filter { $0.policy == RoutePolicy.baseline.name && isTold($0, options) }
    return try studies.map { study in
      var record = Record([
        ("config", .string(configuration)), ("policy", .string(study.policy)), ("rate", .float(study.rate)),
        ("capacity", .float(study.capacity)), ("queue", .string(study.diverges ? "diverges" : "steady")),
        ("n", .int(options.requests)), ("seeds", .int(study.summaries.count)),
        ("sent", shares(study.perServer(\.requestShares))), ("busy", shares(study.perServer(\.busyShares))),
      ])
      guard isTold(study, options) else { return record }
      let mean = try study.estimate(\.meanSeconds)
      record["mean_s"] = .float(mean.value)
      record["low"] = mean.low.map { .float($0) }
      record["high"] = mean.high.map { .float($0) }
      record["p50_s"] = .float(try study.estimate(\.medianSeconds).value)
      record["p99_s"] = .float(try study.estimate(\.p99Seconds).value)
      record["ttft_s"] = .float(try study.estimate(\.firstTokenSeconds).value)
      if let base = baselines.first(where: { $0.rate == study.rate }), base.policy != study.policy {
        record["speedup"] = .float(try base.estimate(\.meanSeconds).value / mean.value)
      }
      return record
    }
  }

  /// Whether a mean means anything.
  private static func isTold(_ study: RouteStudy, _ options: RouteOptions) -> Bool {
    !study.diverges || options.isFinite
  }

  private static func shares(_ numbers: [Double]) -> Value {
    .list(numbers.map { .share(($0 * 1_000).rounded() / 1_000) })
  }

  /// What is said of a queue that grows without end.
  static func divergence(_ study: RouteStudy, _ configuration: String, isFinite: Bool) -> String {
    let rate = PlotNumber.short(study.rate)
    let capacity = PlotNumber.short(study.capacity)
    let rest =
      isFinite
      ? "the mean is that of these requests alone and would grow with n"
      : "the queue diverges and there is no mean (finite=true tells that of these n requests)"
    return
      "note: \(configuration), policy \(study.policy): \(rate) requests/s arrive and \(capacity) can be finished: \(rest)"
  }
}
