import Foundation
import Lang
import Runtime

/// The user's own profiles as a source of times: for each configuration the newest of this machine, model and program.
struct StoredProfiles: ThroughputSource {
  /// A profile that is used, and what differs where it was measured; nothing if that was here.
  struct Entry: Sendable {
    let id: Int64
    let made: Date
    let label: String
    let content: @Sendable () throws -> ConfigurationProfile
    let differences: [String]
  }

  /// By the configurations' specifications.
  let entries: [String: Entry]
  /// Whether profiles of another machine, model or program may be used.
  let takesAny: Bool

  init(_ profiles: [Store.PastProfile], now: RunRecord, takesAny: Bool) {
    self.takesAny = takesAny
    var entries: [String: Entry] = [:]
    for profile in profiles {
      let differences = profile.record.differences(from: now)
      // The newest one that was measured here, or else the newest.
      if let known = entries[profile.specification], known.differences.isEmpty || !differences.isEmpty { continue }
      entries[profile.specification] = Entry(
        id: profile.id, made: profile.made, label: profile.label,
        content: { try profile.profile() }, differences: differences)
    }
    self.entries = entries
  }

  var origin: String { "this machine, as `profile` measured it" }

  func origin(of configurations: [Compressor]) throws -> String {
    let foreign = try configurations.filter { try !entry($0).differences.isEmpty }
    if foreign.isEmpty { return origin }
    let rest = foreign.count < configurations.count ? ", and of this machine for the others" : ""
    return
      "another machine, model or program for \(foreign.map(\.label).joined(separator: ", "))\(rest): any=true takes them"
  }

  func name(of configuration: Compressor) throws -> String { try entry(configuration).label }

  func remark(on configuration: Compressor) throws -> String? {
    let entry = try entry(configuration)
    guard !entry.differences.isEmpty else { return nil }
    return "profile \(entry.id) of \(configuration.label) was not measured here: "
      + entry.differences.joined(separator: ", ")
  }

  /// - Throws: K637 without a profile, K639 for one of another machine or program that was not asked for.
  private func entry(_ configuration: Compressor) throws -> Entry {
    let command = configuration.stages.isEmpty ? "profile" : "compress \(configuration.label) | profile"
    guard let entry = entries[configuration.specification] else {
      throw RuntimeProblem(
        "K637", seen: "there is no profile of \(configuration.label) in the store",
        expected: "times measured on this machine, or from=FOLDER with published ones", suggestion: command)
    }
    guard entry.differences.isEmpty || takesAny else {
      throw RuntimeProblem(
        "K639",
        seen: "profile \(entry.id) of \(configuration.label) was not measured here: "
          + entry.differences.joined(separator: ", "),
        expected: "a profile of this machine, model and program",
        suggestion: "measure it: \(command); or take it as it is with any=true")
    }
    return entry
  }

  private func profile(_ configuration: Compressor) throws -> ConfigurationProfile {
    try entry(configuration).content()
  }

  func predictor(of configuration: Compressor, regression: TimeRegression) throws -> ThroughputPredictor {
    try profile(configuration).predictor(regression)
  }

  func serviceTimes(of configuration: Compressor) throws -> any ServiceTimes {
    try profile(configuration).serviceTimes()
  }

  func predictedTimes(of configuration: Compressor, regression: TimeRegression) throws -> any ServiceTimes {
    try profile(configuration).predictedTimes(regression)
  }
}
