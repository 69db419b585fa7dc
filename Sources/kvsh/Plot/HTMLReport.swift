import Foundation

/// Texts, tables and figures as one page, in order.
struct HTMLReport: Sendable {
  enum Block: Sendable {
    /// Lines: `# heading`, `## smaller`, `- item`, code between fences, paragraphs with an empty line between.
    case text(String)
    /// The headings first.
    case table([[String]])
    case figure(Chart)
    /// As it is printed.
    case code(String)
  }

  var blocks: [Block]
  var figures = HTMLFigures.unsaid

  /// The first heading, or a name.
  var title: String {
    for case .text(let text) in blocks {
      for line in text.split(separator: "\n") where line.hasPrefix("# ") { return String(line.dropFirst(2)) }
    }
    return "kvsh report"
  }

  var hasFigures: Bool { blocks.contains { if case .figure = $0 { true } else { false } } }

  func render() -> String {
    HTMLDocument(title: title, body: blocks.map(Self.markup), figures: hasFigures ? figures : nil).render()
  }

  private static func markup(_ block: Block) -> String {
    switch block {
    case .text(let text): markup(text)
    case .table(let rows): HTMLDocument.table(rows)
    case .figure(let chart): HTMLDocument.figure(chart)
    case .code(let text): HTMLDocument.code(text)
    }
  }

  private static func markup(_ text: String) -> String {
    var (result, paragraph, items, code) = ("", [String](), [String](), [String]?.none)
    func flush() {
      if !paragraph.isEmpty { result += HTMLDocument.paragraph(paragraph.joined(separator: "\n")) }
      if !items.isEmpty { result += "<ul>\n" + items.map { "<li>\($0)</li>\n" }.joined() + "</ul>\n" }
      (paragraph, items) = ([], [])
    }
    for line in text.split(separator: "\n", omittingEmptySubsequences: false).map(String.init) {
      if line.hasPrefix("```") {
        if let lines = code {
          result += HTMLDocument.code(lines.joined(separator: "\n"))
          code = nil
        } else {
          flush()
          code = []
        }
      } else if code != nil {
        code?.append(line)
      } else if let level = (1...3).first(where: { line.hasPrefix(String(repeating: "#", count: $0) + " ") }) {
        flush()
        result += HTMLDocument.heading(String(line.dropFirst(level + 1)), level: level)
      } else if line.hasPrefix("- ") {
        if !paragraph.isEmpty { flush() }
        items.append(SVGText.escaped(String(line.dropFirst(2))))
      } else if line.allSatisfy(\.isWhitespace) {
        flush()
      } else {
        if !items.isEmpty { flush() }
        paragraph.append(line)
      }
    }
    flush()
    if let code { result += HTMLDocument.code(code.joined(separator: "\n")) }
    return result
  }
}
