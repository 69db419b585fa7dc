import Foundation
import Lang

/// What the interpreter itself costs in processor time; scripts/bench-language builds and runs it. Nothing here is a test.
///
/// A word as an argument runs only the cases whose names hold it.
@main
struct LangBench {
  /// A script whose first part is not timed.
  struct Case {
    let name: String
    var setting = ""
    let text: String
    /// What it should stay under on one idle core, in seconds; nil where nothing is promised.
    var goal: Double?
  }

  static let cases = [
    Case(
      name: "1 M passes of integer arithmetic",
      text: "let t = 0\nfor i in 1..1000000 { t = t + i * 3 % 7 - 1 }\nt", goal: 1),
    Case(
      name: "1 M passes in a function, while",
      text: "def f(n) { let t = 0\n let i = 0\n while i < n { i += 1\n t += i * 3 % 7 - 1 }\n t }\nf(1000000)", goal: 1),
    Case(name: "1 M calls", text: "def f(x) { x + 1 }\nlet t = 0\nfor i in 1..1000000 { t = f(t) }\nt"),
    Case(name: "fib(25)", text: "def fib(n) { if n < 2 { return n }\n fib(n - 1) + fib(n - 2) }\nfib(25)"),
    Case(name: "map and sum of 1 M", text: "1..1000000 | map(x -> x * 2) | sum"),
    Case(name: "1 M rows: where", setting: rows, text: "rows | where ms > 50 and config == \"c3\" | len", goal: 1),
    Case(
      name: "1 M rows: summarize by a text", setting: rows, text: "rows | summarize mean(ms) n=count() by=config",
      goal: 1),
    Case(
      name: "1 M rows: where, then summarize by two columns", setting: rows,
      text: "rows | where ms > 50 | summarize mean(ms) n=count() by=[config, batch]", goal: 1),
    Case(name: "1 M rows: derive", setting: rows, text: "rows | derive s=ms / 1000 | len"),
    Case(name: "1 M rows: sort", setting: rows, text: "rows | sort config -ms | len"),
    Case(name: "1 M rows: pivot", setting: rows, text: "rows | pivot config mean(ms) by=batch"),
    Case(name: "1 M rows: unique", setting: rows, text: "rows | unique config batch | len"),
    Case(name: "1 M rows: for", setting: rows, text: "let t = 0.0\nfor row in rows { t += row.ms }\nt"),
  ]

  private static let rows = """
    let rows = table {config: map(1..1000000, i -> "c{i % 8}"), batch: map(1..1000000, i -> i % 5), \
    ms: map(1..1000000, i -> (i * 7919) % 1000 / 10.0)}
    """

  static func main() throws {
    let word = CommandLine.arguments.dropFirst().first ?? ""
    for each in cases where word.isEmpty || each.name.contains(word) {
      let interpreter = Interpreter(context: Context(commands: CommandRegistry(TableCommands.all)))
      if !each.setting.isEmpty { try interpreter.run(Source(name: "setting", text: each.setting)) }
      let seconds = try best(of: 3) { try interpreter.run(Source(name: "case", text: each.text)) }
      report(each.name, seconds, each.goal)
    }
    let script = (0..<100).map(chapter).joined()
    let lines = script.split(separator: "\n", omittingEmptySubsequences: false).count - 1
    let checker = Interpreter(context: Context(commands: CommandRegistry(TableCommands.all)))
    let source = Source(name: "long", text: script)
    guard checker.check(source).isEmpty else {
      print("the long script does not check: \(checker.check(source)[0])")
      return
    }
    report("parse and check of \(lines) lines", try best(of: 5) { checker.check(source) }, 0.02)
  }

  /// Ten lines as scripts have them, with names of their own.
  private static func chapter(_ number: Int) -> String {
    """
    # Chapter \(number): what a cache of these sizes holds.
    def bytes_\(number)(tokens, layers=30, heads=3, width=64) { 2 * layers * heads * width * tokens * 2 }
    let sizes_\(number) = [256, 512, 1024, 2048] | map(t -> {tokens: t, bytes: bytes_\(number)(t, layers=\(number + 1))})
    let rows_\(number) = table sizes_\(number) | derive mib=bytes / 1048576.0 large=bytes > 4Mi
    for row in rows_\(number) {
      if row.large and row.tokens > 512 { print("{row.tokens} tokens: {round(row.mib, 2)} MiB") } else { continue }
    }
    let best_\(number) = rows_\(number) | where mib > 0.5 | sort bytes desc=true | select tokens mib | head 2
    let total_\(number) = fold([1, 2, 3], 0, (a, b) -> a + b) * \(number) + len(sizes_\(number)) ** 2
    assert total_\(number) >= 0, "chapter \(number) adds up"

    """
  }

  private static func best(of rounds: Int, _ work: () throws -> some Any) rethrows -> Double {
    var best = Double.infinity
    for _ in 0..<rounds {
      let start = processorSeconds()
      _ = try work()
      best = min(best, processorSeconds() - start)
    }
    return best
  }

  /// What this process has used; a machine that is busy with other work does not count.
  private static func processorSeconds() -> Double {
    var time = timespec()
    clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time)
    return Double(time.tv_sec) + Double(time.tv_nsec) * 1e-9
  }

  private static func report(_ name: String, _ seconds: Double, _ goal: Double?) {
    let milliseconds = (seconds * 10_000).rounded() / 10
    let promise = goal.map { "goal \($0 * 1000) ms: \(seconds < $0 ? "kept" : "missed")" } ?? ""
    print("\(name): \(milliseconds) ms  \(promise)")
  }
}
