extension Problem {
  /// What `catch e` sees; what the problem does not say is nil.
  var record: Record {
    let place = span
    let entries: [Value] = [
      .string(code), .string(seen), expected.map { .string($0) } ?? .nil, suggestion.map { .string($0) } ?? .nil,
      place.map { .string($0.description) } ?? .nil,
      place.map { .int($0.source.line(at: $0.start) + 1) } ?? .nil, place.map { .string($0.text) } ?? .nil,
    ]
    return Record(Array(zip(Self.recordNames, entries)))
  }

  /// `where` is `FILE:LINE:COLUMN`, `text` what stands there.
  static let recordNames = ["code", "message", "expected", "hint", "where", "line", "text"]
}
