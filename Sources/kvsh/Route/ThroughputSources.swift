import Lang
import Runtime

/// Where `predict` and `route` find the times of a machine.
enum ThroughputSources {
  static let parameters = [
    Parameter(
      "from", .path,
      doc:
        "A folder with published measurements: profiling/*.csv and throughput/*.csv. Default: what `profile` measured."),
    Parameter("any", .bool, default: .bool(false), doc: "Take profiles of another machine, model or program too."),
  ]

  /// The folder that `from` names; nil without one.
  ///
  /// - Throws: `Problem` K631 for a folder that does not hold the files.
  static func published(_ call: Call) throws -> PublishedProfile? {
    guard call.optional("from") != nil else { return nil }
    return try call.placing(at: "from") { try PublishedProfile(folder: TextFile.expanded(try call.path("from"))) }
  }

  /// The user's own profiles.
  ///
  /// - Throws: `Problem` K637 if the store has none.
  static func own(_ call: Call, _ workbench: Workbench) throws -> StoredProfiles {
    try call.placing { () throws -> StoredProfiles in
      let store = try workbench.store()
      let profiles = try store.profiles()
      guard !profiles.isEmpty else {
        throw RuntimeProblem(
          "K637", seen: "there are no times to predict from: the store has no profile",
          expected: "times measured on this machine, or from=FOLDER with published ones",
          suggestion: "`compress kivi | profile` measures; from=\"examples/profile\" has those of a made-up machine")
      }
      let now = try RunRecord(run: "profile", [], workbench.models.current(), store)
      return StoredProfiles(profiles, now: now, takesAny: try call.bool("any"))
    }
  }

  /// Where times come from.
  static func find(_ call: Call, _ workbench: Workbench) throws -> any ThroughputSource {
    if let published = try published(call) { return published }
    return try own(call, workbench)
  }
}

extension Call {
  /// The configurations that the call names or that came through the pipe; the uncompressed one if there are none.
  ///
  /// - Throws: `Problem` of a method's parameters; K302 if something else came through the pipe.
  func namedConfigurations(_ name: String, _ context: Context) throws -> [Compressor] {
    guard let entry = entry(name) else { return try configurations(baseline: false) }
    var known = EntryArguments(values: [:], spans: [:], span: span(of: name))
    for parameter in entry.parameters where isGiven(parameter.name) {
      guard let value = optional(parameter.name) else { continue }
      known.values[parameter.name] = value
      known.spans[parameter.name] = span(of: parameter.name)
    }
    guard let made = try context.catalogue.make(entry, of: "method", with: known).configurations else { return [] }
    return made
  }
}
