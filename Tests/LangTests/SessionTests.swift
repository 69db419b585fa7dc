import Testing

@testable import Lang

@Suite struct SessionTests {
  private func source(_ text: String) -> Source { Source(name: "t.kvs", text: text) }

  @Test("variables and functions live from line to line, and a failed check changes nothing")
  func lines() throws {
    let (interpreter, lines) = session()
    try interpreter.run(source("let a = 1\n## twice the size\ndef f(x) { x * 2 }"))
    #expect(throws: CheckFailure.self) { try interpreter.run(source("let b = 2\na = 9\nprint(c)")) }
    #expect(interpreter.context.variable("b") == nil)
    #expect(try interpreter.run(source("print(\"{f(a)}\")\nf(a + 1)")) == .int(4))
    #expect(lines.all == ["2"] && interpreter.last == .int(4))
    guard case .function(let function)? = interpreter.context.variable("f") else {
      Issue.record("f is no function")
      return
    }
    #expect(function.doc == "twice the size")
  }

  @Test("every top-level statement reports its value, and whether it is an expression")
  func results() throws {
    var seen: [String] = []
    try session().interpreter.run(
      source("let a = 2\na * 3\nrun sharegpt n=2 | len"),
      onResult: { seen.append("\($0.isExpression) \($0.value)") })
    #expect(seen == ["false nil", "true 6", "true 2"])
  }

  @Test("a raised flag stops a loop, and the session goes on")
  func cancellation() throws {
    let (interpreter, _) = session()
    struct Stop: Command {
      let signature = Signature("stop", summary: "Raises the flag.")
      func run(_ call: Call, in context: Context) throws -> Value {
        context.cancellation.cancel()
        return .nil
      }
    }
    let context = Context(commands: CommandRegistry([Stop()]))
    let stopped = Interpreter(context: context)
    #expect(throws: CancellationProblem.self) {
      try stopped.run(source("let n = 0\nwhile true { n += 1\n if n == 5 { stop } }"))
    }
    context.cancellation.reset()
    #expect(try stopped.run(source("n")) == .int(5))
    #expect(try interpreter.run(source("1")) == .int(1))
  }

  @Test("what the host sets while a text runs is read when it is used, and nothing is known of it before")
  func changing() throws {
    let context = session().interpreter.context
    context.setVariable("last", to: .nil)
    let value = try Interpreter(context: context).run(
      source("run sharegpt n=3\nlast | where D > 9 | len"), onResult: { context.setVariable("last", to: $0.value) })
    #expect(value == .int(0))
  }

  @Test("one check finds every mistake of a file")
  func allProblems() {
    let text =
      "let a = [1, 2\nrnu x\ncompress kivi bits=3\nlet b = )\nprint(b, zz)\nif true { qq\n 1 + ) }\nrun sharegpt n=0"
    let codes = session().interpreter.check(source(text)).map(\.code).sorted()
    // The mistakes of the open bracket and of `let b` do not make others of `a` and `b`.
    #expect(codes == ["K006", "K006", "K007", "K011", "K012", "K012", "K023", "K024"])
  }

  @Test("a command's call carries spans, text and defaults")
  func call() throws {
    final class Seen: @unchecked Sendable { var call: Call? }
    struct Probe: Command {
      let seen: Seen
      let signature = Signature(
        "probe", summary: "Keeps its call.",
        parameters: [
          Parameter("path", .path, doc: "A file.", positional: true),
          Parameter("x", .value(.float), default: .float(1), doc: "", aliases: ["y"]),
          Parameter("mode", .choice(["fast", "slow"]), default: .string("fast"), doc: ""),
        ], accepts: [.nil, .int])
      func run(_ call: Call, in context: Context) throws -> Value {
        seen.call = call
        return .nil
      }
    }
    let seen = Seen()
    let interpreter = Interpreter(context: Context(commands: CommandRegistry([Probe(seen: seen)])))
    try interpreter.run(source("5 | probe ../a/b-1.gguf y=2"))
    let call = try #require(seen.call)
    #expect(try call.path("path") == "../a/b-1.gguf" && call.float("x") == 2 && call.name("mode") == "fast")
    #expect(call.isGiven("x") && !call.isGiven("mode") && call.input == .int(5))
    #expect(
      call.span.text == "probe ../a/b-1.gguf y=2" && call.span(of: "x").text == "2" && call.inputSpan?.text == "5")
  }
}
