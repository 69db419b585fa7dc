import Lang

extension Call {
  /// What a line kept, which `read` takes out of the store by the line's number.
  ///
  /// - Parameter parameter: the one that names the line; a problem points at it.
  /// - Throws: `Problem` K595 if the line kept nothing or is none; what reading the store throws.
  func kept<Rows: Collection>(
    byLine id: Int, named parameter: String, in store: Store, _ read: (Int64) throws -> Rows
  ) throws -> Rows {
    let rows = try placing { try read(Int64(id)) }
    guard rows.isEmpty else { return rows }
    let isKnown = try placing { try store.lines() }.contains { $0.id == id }
    throw ShellProblems.noRows(line: id, isKnown: isKnown, at: span(of: parameter))
  }
}
