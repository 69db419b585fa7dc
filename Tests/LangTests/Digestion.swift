#if !FUZZING
  @testable import Lang
#endif

/// One text through everything that reads what a user types: the tests, the seeds and the fuzzer share it.
enum Digestion {
  /// Small, so that no text takes long.
  static let limits: Limits = {
    var limits = Limits()
    (limits.loopPasses, limits.callDepth, limits.listElements, limits.steps) = (50, 30, 1_000, 8_192)
    (limits.textBytes, limits.memoryBytes) = (20_000, 1 << 30)
    return limits
  }()

  /// Parses, checks and completes a text, and runs it if asked; a sentence if what came out is neither a value nor a problem.
  static func complaint(about text: String, runs: Bool) -> String? {
    let commands = CommandRegistry([FakeCompress(), FakeRun(), FakePlot()] + TableCommands.all)
    let context = Context(commands: commands, catalogue: FakeCatalogue(), limits: limits)
    let interpreter = Interpreter(context: context)
    let source = Source(name: "text", text: text)
    for problem in interpreter.check(source) {
      if problem.description.isEmpty { return "a problem without words" }
      if problem.labels.contains(where: { $0.span.end > source.bytes.count && $0.span.source === source }) {
        return "a place beyond the text: \(problem)"
      }
    }
    _ = Completer.isComplete(text)
    let completer = Completer(context: context)
    for cursor in [source.bytes.count, source.bytes.count / 2] { _ = completer.completions(text, at: cursor) }
    guard runs else { return nil }
    do {
      let value = try interpreter.run(source)
      _ = (value.display, ValueJSON.write(value))
      if case .table(let table) = value { return complaint(about: table) }
      return nil
    } catch {
      return error is Problem || error is CheckFailure || error is CancellationProblem ? nil : "\(error)"
    }
  }

  private static func complaint(about table: Table) -> String? {
    for format in TableText.Format.allCases { _ = TableText.write(table, as: format) }
    return TableDisplay(rows: 5, width: 40, wraps: true).render(table).isEmpty ? "a table without text" : nil
  }

  /// Reads a text as a table in every format; what was read must survive being written and read again.
  static func complaint(aboutTable text: String) -> String? {
    for format in TableText.Format.allCases {
      guard let table = try? TableText.read(text, as: format) else { continue }
      _ = TableDisplay(rows: 5, width: 40, wraps: true).render(table)
      guard format != .markdown else { continue }
      let written = TableText.write(table, as: format)
      guard let again = try? TableText.read(written, as: format) else {
        return "\(format.rawValue): what was written cannot be read"
      }
      // As texts, since a table that holds NaN differs from itself.
      if TableText.write(again, as: format) != written { return "\(format.rawValue): another table comes back" }
    }
    return nil
  }
}
