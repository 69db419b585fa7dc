import Lang
import Runtime

/// Configurations to run: the value of `compress` and of `kivi(bits=2)`; type `config`.
struct ConfigurationValue: LangObject {
  let compressors: [Compressor]
  /// One more that is chosen for each request.
  var choice: AutoChoice?

  var typeName: String { "config" }

  private var labels: [String] { compressors.map(\.label) + (choice == nil ? [] : [AutoChoice.name]) }

  var display: String {
    return labels.count == 1
      ? labels[0]
      : labels.enumerated().map { "\($0.offset + 1). \($0.element)" }
        .joined(separator: "\n")
  }

  func isEqual(to other: any LangObject) -> Bool {
    guard let other = other as? ConfigurationValue else { return false }
    return compressors.map(\.specification) == other.compressors.map(\.specification) && choice == other.choice
  }

  var fieldNames: [String] { ["labels", "count"] }

  func field(_ name: String) -> Value? {
    switch name {
    case "labels": .list(labels.map { .string($0) })
    case "count": .int(labels.count)
    default: nil
    }
  }
}

extension Value {
  /// The configurations in a value: one, several, or a list of them.
  var configurations: [Compressor]? {
    switch self {
    case .object(let object): (object as? ConfigurationValue)?.compressors
    case .list(let values):
      values.reduce([Compressor]?.some([])) { all, value in
        guard let all, let more = value.configurations else { return nil }
        return all + more
      }
    default: nil
    }
  }
}
