import Testing

@testable import Lang

/// Numbers in a row, as a host would bring them: the least that uses every seam of host values.
private struct Vector: LangObject {
  var numbers: [Int]

  var typeName: String { "vector" }
  var display: String { "<" + numbers.map(String.init).joined(separator: " ") + ">" }
  func isEqual(to other: any LangObject) -> Bool { (other as? Vector)?.numbers == numbers }
  var elementCount: Int? { numbers.count }

  func apply(_ operation: BinaryOperator, _ left: Value, _ right: Value, at span: Span) throws -> Value? {
    guard let a = Self.numbers(left, numbers.count), let b = Self.numbers(right, numbers.count) else { return nil }
    switch operation {
    case .add: return .object(Vector(numbers: zip(a, b).map { $0 + $1 }))
    case .less: return .object(Vector(numbers: zip(a, b).map { $0 < $1 ? 1 : 0 }))
    case .equal: return .object(Vector(numbers: zip(a, b).map { $0 == $1 ? 1 : 0 }))
    case .matrix: return .int(zip(a, b).reduce(0) { $0 + $1.0 * $1.1 })
    default: return nil
    }
  }

  private static func numbers(_ value: Value, _ count: Int) -> [Int]? {
    switch value {
    case .int(let number): Array(repeating: number, count: count)
    case .object(let object): (object as? Vector)?.numbers
    default: nil
    }
  }

  func negated(at span: Span) throws -> Value? { .object(Vector(numbers: numbers.map { -$0 })) }

  func element(_ subscripts: [Subscript], at span: Span) throws -> Value? {
    guard subscripts.count == 1 else {
      throw Problem("K701", seen: "\(subscripts.count) subscripts", labels: [.init(span)])
    }
    switch subscripts[0] {
    case .index(.int(let index)): return .int(numbers[(index + numbers.count) % numbers.count])
    case .slice(let low, let high):
      return .object(Vector(numbers: Array(numbers[(low.asInt ?? 0)..<(high.asInt ?? numbers.count)])))
    default: return nil
    }
  }
}

@Suite struct HostValueTests {
  private static let functions: [HostFunction] = [
    HostFunction(
      "vector", "a row of numbers", details: "Counts from 0.",
      parameters: [
        Parameter("count", .int, range: 0...100, doc: "How many.", positional: true, required: true),
        Parameter("by", .int, default: .int(1), doc: "The step."),
      ], result: .object("vector"), examples: [Example("vector(3)", "Three numbers.")]
    ) { call in
      .object(Vector(numbers: (0..<(try call.int("count"))).map { $0 * ((try? call.int("by")) ?? 1) }))
    },
    HostFunction(
      "sum", "the sum of a vector",
      parameters: [
        Parameter("values", .any, doc: "The vector.", positional: true, required: true),
        Parameter("times", .int, default: .int(1), doc: "A factor."),
      ], result: .int
    ) { call in
      guard case .object(let object) = try call.value("values"), let vector = object as? Vector else {
        throw call.wrong("values", .object("vector"))
      }
      return .int(vector.numbers.reduce(0, +) * (try call.int("times")))
    },
  ]

  private func context() -> Context {
    Context(commands: CommandRegistry([]), functions: FunctionRegistry(Self.functions))
  }

  private func outcome(_ text: String) -> String {
    do {
      return try Interpreter(context: context()).run(Source(name: "t.kvs", text: text)).display
    } catch let failure as CheckFailure {
      return failure.problems.map(\.description).joined(separator: "\n")
    } catch {
      return "\(error)"
    }
  }

  @Test(
    "a host value takes part in operators, subscripts, loops and functions",
    arguments: [
      ("vector(3)", "<0 1 2>"), ("vector(3, by=2) + 1", "<1 3 5>"), ("1 + vector(3)", "<1 2 3>"),
      ("-vector(3)", "<0 -1 -2>"), ("vector(3) @ vector(3)", "5"), ("vector(3) < 2", "<1 1 0>"),
      ("vector(3) == 1", "<0 1 0>"), ("let v = vector(4)\nv[-1] + v[1]", "4"), ("vector(5)[1:3]", "<1 2>"),
      ("vector(5)[2:]", "<2 3 4>"), ("len(vector(4))", "4"),
      ("let t = 0\nfor x in vector(4) { t += x }\nt", "6"), ("vector(3) | map(x -> x * 10)", "[0, 10, 20]"),
      ("sum(vector(4))", "6"), ("sum(vector(4), times=2)", "12"), ("vector(4) | sum", "6"), ("sum([1, 2])", "3"),
      ("vector(3) in [vector(3)]", "true"),
    ])
  func values(text: String, expected: String) {
    #expect(outcome(text) == expected)
  }

  @Test(
    "what a host value or function refuses is a problem at its place",
    arguments: [
      ("vector(3) * 2", "`*` does not join a vector and a whole number"),
      ("vector(3)[0, 1]", "2 subscripts"), ("vector(3)[\"a\"]", "this vector has no field `a`"),
      ("vector(\"a\")", "`count` is given a string"), ("vector(101)", "`count` must be 0 to 100; 101 was given"),
      ("let n = 101\nvector(n + 1)", "`count` must be 0 to 100; 102 was given"),
      ("vector()", "`vector` is given 0 arguments"), ("vector(1, 2)", "`vector` is given 2 arguments"),
      ("vector(1, bye=2)", "`vector` has no parameter `bye`"),
      ("vector(1, count=2)", "parameter `count` is given twice"),
      ("sum([1], times=2)", "`sum` has no parameter `times`"), ("sum([1], 2)", "`sum` is given 2 arguments"),
      ("if vector(3) { 1 }", "a condition is a vector"),
    ])
  func problems(text: String, expected: String) {
    #expect(outcome(text).contains(expected), "\(outcome(text))")
  }

  @Test("what the host computes is not computed while a text is checked")
  func checkDoesNotCompute() throws {
    let interpreter = Interpreter(context: context())
    try interpreter.run(Source(name: "", text: "let v = vector(3)"))
    #expect(interpreter.check(Source(name: "", text: "v[0, 1]\nv * 2")).isEmpty)
  }

  @Test("help and completion know a host function like a builtin")
  func helpAndCompletion() throws {
    let help = Help(context: context())
    #expect(help.overview().contains("vector"))
    let topic = try help.topic("vector")
    for part in ["vector(count, by?)", "a row of numbers", "Counts from 0.", "How many.", "Three numbers."] {
      #expect(topic.contains(part), "\(topic)")
    }
    let completer = Completer(context: context())
    #expect(completer.completions("1 + vec", at: 7).map(\.text) == ["vector"])
    #expect(completer.completions("vector(3, b", at: 11).map(\.text) == ["by="])
  }
}
