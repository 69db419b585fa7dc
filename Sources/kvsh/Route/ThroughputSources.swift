import Lang
import Runtime

/// Where `predict` and `route` find the times of a machine.
enum ThroughputSources {
  static let parameter = Parameter(
    "from", .path, doc: "A folder with published measurements: profiling/*.csv and throughput/*.csv.")

  /// The folder that `from` names.
  ///
  /// - Throws: `Problem` K637 without one, K631 for a folder that does not hold the files.
  static func published(_ call: Call) throws -> PublishedProfile {
    guard call.optional("from") != nil else {
      throw Problem(
        "K637", seen: "there are no times to predict from", expected: "from=FOLDER with published measurements",
        suggestion: "from=\"examples/a6000\" has those of the paper's machine", labels: [.init(call.span)])
    }
    return try call.placing(at: "from") { try PublishedProfile(folder: TextFile.expanded(try call.path("from"))) }
  }

  /// Where times come from.
  static func find(_ call: Call) throws -> any ThroughputSource { try published(call) }
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
