/// What went wrong in the runtime, as data: a stable code, what was seen, what was expected, and the fix.
///
/// The runtime knows no source text; `kvsh` adds the span and renders the sentence. Codes: K2xx model files and
/// tokenizers, K3xx methods and caches, K4xx data sets, K5xx the store, K6xx a run.
public struct RuntimeProblem: Error, Equatable, Sendable {
  /// Stable identifier, for instance `K201`; `help K201` explains it.
  public var code: String
  /// The observation: one clause that names the place ("model.gguf: tensor 'output.weight' ends at byte 9,120").
  public var seen: String
  /// What would have been right ("the file has 8,000 bytes"), if that is not plain from `seen`.
  public var expected: String?
  /// The one thing to do about it ("download the file again").
  public var suggestion: String?

  public init(_ code: String, seen: String, expected: String? = nil, suggestion: String? = nil) {
    self.code = code
    self.seen = seen
    self.expected = expected
    self.suggestion = suggestion
  }
}

extension RuntimeProblem: CustomStringConvertible {
  public var description: String {
    var text = "\(code): \(seen)"
    if let expected { text += "; expected \(expected)" }
    if let suggestion { text += " (\(suggestion))" }
    return text
  }
}
