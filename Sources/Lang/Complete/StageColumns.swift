/// Columns of the table that a stage hands on, as far as its text and the session's variables tell.
struct StageColumns {
  let context: Context
  /// The stage's tokens outside inner brackets.
  let stage: [Token]
  /// Words in the square brackets that the stage closed last.
  let listed: [String]
  /// Keys of the records that the stage writes out.
  let keys: [String]
  /// Columns that come in.
  let incoming: [String]

  /// - Parameter fileColumns: columns of the table in a file.
  func columns(_ fileColumns: (String) -> [String]) -> [String] {
    guard let first = stage.first else { return incoming }
    guard let signature = context.commands.signature(first.text), first.kind == .identifier else {
      if case .table(let table)? = context.variable(first.text), stage.count == 1 { return table.columnNames }
      return keys.isEmpty ? incoming : keys
    }
    if !signature.columns.isEmpty { return signature.columns }
    let arguments = Array(stage.dropFirst())
    switch signature.name {
    case "select": return words(arguments)
    case "derive": return merged(incoming, names(arguments))
    case "summarize": return merged(groupColumns(arguments), names(arguments).filter { $0 != "by" })
    case "rename":
      let words = words(arguments)
      guard words.count == 2 else { return incoming }
      return incoming.map { $0 == words[0] ? words[1] : $0 }
    case "join":
      guard let other = words(arguments).first, case .table(let table)? = context.variable(other) else {
        return incoming
      }
      return merged(incoming, table.columnNames)
    case "load": return fileColumns(path(arguments))
    case "table": return keys.isEmpty ? incoming : keys
    default: return signature.produces == .table || signature.produces == .any ? incoming : []
    }
  }

  private func merged(_ first: [String], _ second: [String]) -> [String] {
    first + second.filter { !first.contains($0) }
  }

  private func isName(_ index: Int, _ tokens: [Token]) -> Bool {
    index + 1 < tokens.count && tokens[index].kind == .identifier && tokens[index + 1].text == "="
  }

  /// Words without a name before them.
  private func words(_ tokens: [Token]) -> [String] {
    tokens.indices.filter { index in
      tokens[index].kind == .identifier && !isName(index, tokens) && (index == 0 || tokens[index - 1].text != "=")
    }.map { tokens[$0].text }
  }

  /// The path in quotes, or the tokens of a bare one.
  private func path(_ tokens: [Token]) -> String {
    if case .string(let pieces)? = tokens.first?.kind {
      return pieces.map { if case .text(let text) = $0 { text } else { "" } }.joined()
    }
    return tokens.map(\.text).joined()
  }

  /// `NAME` of every `NAME=`.
  private func names(_ tokens: [Token]) -> [String] {
    tokens.indices.filter { isName($0, tokens) }.map { tokens[$0].text }
  }

  private func groupColumns(_ tokens: [Token]) -> [String] {
    guard let by = tokens.indices.first(where: { isName($0, tokens) && tokens[$0].text == "by" }) else { return [] }
    guard by + 2 < tokens.count else { return [] }
    return tokens[by + 2].kind == .identifier ? [tokens[by + 2].text] : listed
  }
}
