/// The form of what is printed last: `--format`.
enum OutputFormat: String, CaseIterable, Sendable {
  /// For people: aligned columns, figures drawn with characters.
  case table
  /// One JSON value.
  case json
  /// Comma-separated values with a header.
  case csv
}
