extension Parser {
  /// `time` and the whole pipeline behind it; nil if the word is something else here, as a variable or a lone command.
  mutating func timedWork() throws -> Expression? {
    guard next.kind == .identifier, next.text == "time", vocabulary.commands.signature("time") != nil,
      !vocabulary.variables.contains("time")
    else { return nil }
    let after = tokenAfterNext()
    let isApart = after.spaceBefore && !(after.newlineBefore && !ignoresNewlines)
    let isOperand = after.kind != .sign || ["(", "[", "{", "-"].contains(after.text)
    guard isApart, isOperand, after.kind != .end else { return nil }
    let start = next.start
    advance()
    let work = try nested { try $0.pipeline() }
    return try expression(.timed(work), from: start, height: work.height)
  }
}
