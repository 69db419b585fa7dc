import Lang
import Runtime

/// The tables of `serve-study`.
enum ServeRows {
  static let policyColumns = [
    "config", "policy", "rate", "capacity", "queue", "n", "seeds", "mean_s", "low", "high", "sim_mean_s", "error",
    "error_low", "error_high", "p50_s", "sim_p50_s", "p50_error", "p99_s", "sim_p99_s", "p99_error", "ttft_s",
    "sim_ttft_s", "speedup", "sim_speedup", "sent", "busy", "sim_busy", "same_server",
  ]
  static let requestColumns = [
    "config", "policy", "rate", "seed", "request", "sample", "server", "server_config", "prompt_tokens", "tokens",
    "arrival_s", "start_s", "first_s", "end_s", "e2e_s", "sim_server", "sim_e2e_s",
  ]
  static let calibrationColumns = ["config", "fleet", "server_config", "stage", "batch", "tokens", "ms", "samples"]

  static func columns(_ row: ServeOptions.Row) -> [String] {
    switch row {
    case .policy: policyColumns
    case .request: requestColumns
    case .calibration: calibrationColumns
    }
  }

  static func table(_ rows: [Record], _ row: ServeOptions.Row) -> Table {
    Table(columns: columns(row).map { name in .init(name, ColumnData(rows.map { $0[name] ?? .nil })) })
  }

  // MARK: Policies

  /// A policy that was not served, as more arrives than can be finished.
  static func diverging(_ study: RouteStudy, _ configuration: String, requests: Int, seeds: Int) -> Record {
    Record([
      ("config", .string(configuration)), ("policy", .string(study.policy)), ("rate", .float(study.rate)),
      ("capacity", .float(study.capacity)), ("queue", .string("diverges")), ("n", .int(requests)),
      ("seeds", .int(seeds)),
    ])
  }

  /// - Parameter baseline: the same configuration and rate under policy baseline.
  /// - Throws: K620, K621.
  static func policy(
    _ comparison: ServeComparison, _ configuration: String, requests: Int, baseline: ServeComparison?
  ) throws -> Record {
    let (measured, simulated) = (comparison.measurement, comparison.simulation)
    var record = diverging(measured, configuration, requests: requests, seeds: comparison.served.count)
    record["queue"] = .string(measured.diverges ? "diverges" : "steady")
    let mean = try measured.estimate(\.meanSeconds)
    let error = try comparison.error(\.meanSeconds)
    record["mean_s"] = .float(mean.value)
    record["low"] = mean.low.map { .float($0) }
    record["high"] = mean.high.map { .float($0) }
    record["sim_mean_s"] = .float(try simulated.estimate(\.meanSeconds).value)
    record["error"] = .share(error.value)
    record["error_low"] = error.low.map { .share($0) }
    record["error_high"] = error.high.map { .share($0) }
    record["p50_s"] = .float(try measured.estimate(\.medianSeconds).value)
    record["sim_p50_s"] = .float(try simulated.estimate(\.medianSeconds).value)
    record["p50_error"] = .share(try comparison.error(\.medianSeconds).value)
    record["p99_s"] = .float(try measured.estimate(\.p99Seconds).value)
    record["sim_p99_s"] = .float(try simulated.estimate(\.p99Seconds).value)
    record["p99_error"] = .share(try comparison.error(\.p99Seconds).value)
    record["ttft_s"] = .float(try measured.estimate(\.firstTokenSeconds).value)
    record["sim_ttft_s"] = .float(try simulated.estimate(\.firstTokenSeconds).value)
    if let baseline, measured.policy != RoutePolicy.baseline.name {
      record["speedup"] = .float(try baseline.measurement.estimate(\.meanSeconds).value / mean.value)
      record["sim_speedup"] = .float(
        try baseline.simulation.estimate(\.meanSeconds).value / simulated.estimate(\.meanSeconds).value)
    }
    record["sent"] = shares(measured.perServer(\.requestShares))
    record["busy"] = shares(measured.perServer(\.busyShares))
    record["sim_busy"] = shares(simulated.perServer(\.busyShares))
    record["same_server"] = .share(comparison.sameServerShare)
    return record
  }

  private static func shares(_ numbers: [Double]) -> Value {
    .list(numbers.map { .share(($0 * 1_000).rounded() / 1_000) })
  }

  // MARK: Requests

  /// One row a request and seed, in the order of arrival.
  static func requests(
    _ comparison: ServeComparison, _ configuration: String, seeds: [UInt64], _ samples: [PreparedSample],
    _ fleet: RouteFleet
  ) -> [Record] {
    zip(seeds, zip(comparison.served, comparison.simulated)).flatMap { seed, runs -> [Record] in
      let (served, simulated) = runs
      let result = served.result
      return samples.indices.map { request in
        let server = result.servers[request]
        return Record([
          ("config", .string(configuration)), ("policy", .string(comparison.measurement.policy)),
          ("rate", .float(comparison.measurement.rate)), ("seed", .int(Int(clamping: seed))),
          ("request", .int(request)),
          ("sample", .string(samples[request].request.id)), ("server", .int(server)),
          ("server_config", .string(fleet.methods[fleet.serverMethods[server]].name)),
          ("prompt_tokens", .int(samples[request].ids.count)), ("tokens", .int(served.tokens[request].count)),
          ("arrival_s", .float(result.arrivalSeconds[request])), ("start_s", .float(served.startSeconds[request])),
          ("first_s", .float(result.firstTokenSeconds[request])), ("end_s", .float(result.finishSeconds[request])),
          ("e2e_s", .float(result.latencySeconds[request])), ("sim_server", .int(simulated.servers[request])),
          ("sim_e2e_s", .float(simulated.latencySeconds[request])),
        ])
      }
    }
  }

  // MARK: Calibration

  /// The measured times of one fleet.
  static func calibration(_ fleet: ServeFleet, _ configuration: String) -> [Record] {
    zip(fleet.methods, fleet.profiles).flatMap { method, profile in
      (profile?.points ?? []).map { point in
        Record([
          ("config", .string(configuration)), ("fleet", .string(fleet.label)),
          ("server_config", .string(method.label)),
          ("stage", .string(point.stage == .prefill ? "prefill" : "decode")), ("batch", .int(point.batch)),
          ("tokens", .int(point.tokens)), ("ms", .float(point.seconds * 1_000)), ("samples", .int(point.samples)),
        ])
      }
    }
  }
}
