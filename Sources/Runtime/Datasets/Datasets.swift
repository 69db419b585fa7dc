/// The data sets kvsh knows: a new one is its file and its line here.
public enum Datasets {
  public static let all: [any Dataset] = [
    ShareGPTDataset(),
    PromptsDataset(),
    LongBenchDataset(),
    PasskeyDataset(),
    RecallDataset(),
  ]

  /// The data set called `name`, or the one that reads the file registered under `name`.
  /// - Throws: K401 for an unknown name, K408 for a damaged register.
  public static func find(_ name: String, home: String?) throws -> FoundDataset {
    let entries = try home.map { try DatasetRegistry(home: $0).entries() } ?? []
    let entry = entries.first { $0.name == name }
    if let dataset = all.first(where: { $0.card.name == (entry?.dataset ?? name) }) {
      return FoundDataset(dataset: dataset, registeredPath: entry?.path, home: home)
    }
    throw DatasetProblems.unknown(name, known: all.map(\.card.name) + entries.map(\.name))
  }
}

/// A data set together with the file the user registered for it.
public struct FoundDataset: Sendable {
  public var dataset: any Dataset
  public var registeredPath: String?
  public var home: String?

  /// Checks `values` against the card and loads the requests.
  /// - Throws: K406 for a parameter that is unknown, of the wrong kind or out of range; otherwise what the file deserves.
  public func load(
    _ values: [String: DatasetValue] = [:], contextTokens: Int? = nil,
    cutMiddle: @escaping (String, Int) throws -> String? = { _, _ in nil },
    countTokens: @escaping (String) throws -> Int
  ) throws -> DatasetLoad {
    let arguments = try DatasetArguments(values, for: dataset.card)
    let source = DatasetSource(
      registeredPath: registeredPath, home: home, contextTokens: contextTokens, cutMiddle: cutMiddle,
      countTokens: countTokens)
    return try dataset.load(arguments, from: source)
  }
}
