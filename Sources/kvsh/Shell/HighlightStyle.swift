import Lang

/// Colours of the line that is being typed: the sixteen that follow the user's own theme.
enum HighlightStyle {
  static func style(_ kind: Highlight.Kind) -> String {
    switch kind {
    case .command: "1;36"
    case .keyword: "1;35"
    case .parameter: "36"
    case .name: "1;32"
    case .function: "34"
    case .number: "35"
    case .string: "32"
    case .comment: "90"
    case .pipe: "1"
    case .unknown: "31"
    }
  }

  static func styles(_ highlights: [Highlight]) -> [(range: Range<Int>, style: String)] {
    highlights.map { ($0.range, style($0.kind)) }
  }
}
