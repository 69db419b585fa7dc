import Foundation
import Lang
import Runtime
import Testing

@testable import kvsh

/// Tensors as a user writes them.
@Suite struct TensorLanguageTests {
  @Test(
    "expressions on tensors have the values a reader of NumPy expects",
    arguments: [
      ("list(tensor([[1, 2], [3, 4]]) * 10)", "[[10.0, 20.0], [30.0, 40.0]]"),
      ("list(2 - arange(3))", "[2.0, 1.0, 0.0]"), ("list(-arange(3))", "[0, -1, -2]"),
      ("list(tensor([[1], [2]]) + [10, 20])", "[[11.0, 21.0], [12.0, 22.0]]"),
      ("list(arange(6)[-1:])", "[5]"), ("arange(6)[-2]", "4"), ("reshape(arange(6), 2, 3)[1, -1]", "5"),
      ("list(reshape(arange(6), 2, 3)[:, 1])", "[1, 4]"), ("list(reshape(arange(6), 2, 3)[1])", "[3, 4, 5]"),
      ("list(reshape(arange(6), 2, 3)[0, 1:3])", "[1, 2]"), ("list(arange(6)[[4, 0, -1]])", "[4, 0, 5]"),
      ("list(arange(6)[arange(6) > 3])", "[4, 5]"),
      ("list(arange(6) % 4 == 1)", "[false, true, false, false, false, true]"),
      ("mean(arange(4) > 1)", "0.5"), ("sum(arange(6) > 1)", "4.0"), ("(arange(4) > 1)[2]", "true"),
      ("list(sum(reshape(arange(6), 2, 3) > 2, axis=1))", "[0.0, 3.0]"), ("list(-(arange(2) > 0))", "[0, -1]"),
      ("list((arange(4) > 0) * (arange(4) < 3))", "[0.0, 1.0, 1.0, 0.0]"), ("any(arange(3) > 5)", "false"),
      ("list(where(arange(3), 1, 0))", "[0, 1, 1]"),
      ("list(transpose(tensor([[1, 2]]) == [[1, 3]]))", "[[true], [false]]"),
      ("list(arange(4) ** 2)", "[0.0, 1.0, 4.0, 9.0]"), ("list(arange(5) // 2)", "[0.0, 0.0, 1.0, 1.0, 2.0]"),
      ("tensor([[1, 2], [3, 4]]) @ [1, 1] | list", "[3.0, 7.0]"), ("tensor([3, 4]) @ tensor([3, 4])", "25.0"),
      ("sum(arange(5))", "10.0"), ("mean(tensor([[1, 2], [3, 6]]), axis=0) | list", "[2.0, 4.0]"),
      ("max(tensor([[1, 2], [3, 6]]), axis=-1, keep=true).shape", "[2, 1]"), ("min(arange(4))", "0"),
      ("list(max(arange(4), 2))", "[2, 2, 2, 3]"), ("norm(tensor([3, 4]))", "5.0"),
      ("norm(tensor([3, -4]), p=1)", "7.0"), ("norm(tensor([3, -4]), p=\"max\")", "4.0"),
      ("std([1, 3])", "1.4142135623730951"), ("round(std(tensor([1, 3])), 4)", "1.4142"),
      ("argmax(tensor([1, 9, 3]))", "1"),
      ("list(argmin(tensor([[1, 0], [3, 9]]), axis=1))", "[1, 0]"), ("any(arange(3) > 1)", "true"),
      ("all(arange(3) > 0)", "false"), ("list(sort(tensor([3, 1, 2])))", "[1, 2, 3]"),
      ("list(sort(tensor([3, 1, 2]), descending=true))", "[3, 2, 1]"), ("sort([3, 1, 2])", "[1, 2, 3]"),
      ("let t = topk(tensor([3, 9, 1]), 2)\n[list(t.values), list(t.places)]", "[[9, 3], [1, 0]]"),
      ("list(cumsum(arange(4)))", "[0.0, 1.0, 3.0, 6.0]"), ("transpose(zeros(2, 3, 4), 1, 0, 2).shape", "[3, 2, 4]"),
      ("concat(arange(2), [7]) | list", "[0, 1, 7]"), ("concat([zeros(1, 2), ones(1, 2)], axis=1).shape", "[1, 4]"),
      ("list(gather(arange(5) * 10, [4, 0]))", "[40.0, 0.0]"),
      ("let x = tensor([[3, 1], [2, 5]])\nlist(gather(x, argsort(x)))", "[[1, 3], [2, 5]]"),
      ("list(where(arange(4) < 2, 1, 0))", "[1, 1, 0, 0]"), ("list(clamp(arange(5), 1, 3))", "[1, 1, 2, 3, 3]"),
      ("len(zeros(4, 2))", "4"), ("let n = 0\nfor row in ones(3, 2) { n += sum(row) }\nn", "6.0"),
      ("round(sum(softmax(randn(7))), 5)", "1.0"), ("exp(0) + sum(exp(zeros(2)))", "3.0"),
      ("list(quantize(tensor([0, 0.4, 0.6, 3]), bits=2))", "[0.0, 0.0, 1.0, 3.0]"),
      ("list(quantize(tensor([0, 0.4, 0.6, 3]), bits=2, all=true).codes)", "[0, 0, 1, 3]"),
      ("list(hadamard(2) * hadamard(2)) | len", "2"), ("max(abs(qr(randn(4, 3)).r[2, 0:2]))", "0.0"),
      ("let x = randn(5, 3)\nlet f = svd(x)\nmax(abs((f.u * f.s) @ f.vt - x)) < 0.0001", "true"),
      ("attention(randn(4, 2, 8), randn(2, 5, 8), randn(2, 5, 8)).shape", "[4, 2, 8]"),
      ("all(randn(8, seed=3) == randn(8, seed=3))", "true"), ("zeros(2).dtype", "\"float32\""),
      ("arange(3).dtype", "\"int32\""), ("(arange(3) > 1).dtype", "\"bool\""), ("type(zeros(1))", "\"tensor\""),
      ("[zeros(2), ones(2)] | map(x -> sum(x))", "[0.0, 2.0]"), ("tensor([zeros(2), ones(2)]).shape", "[2, 2]"),
      ("30% * tensor([10]) | list", "[3.0]"),
    ])
  func values(text: String, expected: String) throws {
    let test = try CommandSession(hasModel: false)
    #expect(try test.run(text).display == expected)
  }

  @Test(
    "what does not go together is a problem at its place, with both shapes",
    arguments: [
      ("zeros(2, 3) + zeros(2, 4)", "K701", "`+` of the shapes [2, 3] and [2, 4]"),
      ("zeros(2, 3) @ zeros(2, 4)", "K701", "`@` of the shapes [2, 3] and [2, 4]"),
      ("zeros(2)[5]", "K708", "place 5 on axis 0 of a tensor of shape [2]"),
      ("zeros(2)[0, 0]", "K702", "2 subscripts of a tensor of shape [2]"),
      ("sum(zeros(2), axis=1)", "K702", "axis=1 of a tensor of shape [2]"),
      ("zeros(1Mi, 1Mi)", "K704", "a tensor of shape [1048576, 1048576]"), ("zeros(-1)", "K703", "the shape [-1]"),
      ("softmax(\"a\")", "K022", "`x` is given a string"), ("softmax()", "K051", "`softmax` is given 0 arguments"),
      ("quantize(zeros(2), bits=99)", "K023", "`bits` must be 1 to 16; 99 was given"),
      ("norm(zeros(2), p=3)", "K024", "`p` must be 1, 2 or max; 3 was given"),
      ("zeros(2) + \"a\"", "K040", "`+` does not join a tensor and a string"),
      ("if zeros(2) { 1 }", "K043", "a condition is a tensor"),
      ("zeros(2).shap", "K016", "this tensor has no field `shap`"),
      ("tensor([[1], [2, 3]])", "K052", "`tensor` is given a list"),
      ("svd(tensor([[1, 0 / 1], [2, 3]])).w", "K016", "this record has no field `w`"),
      ("concat(zeros(2, 2), zeros(3, 3))", "K701", "`concat` of the shapes [2, 2] and [3, 3]"),
      ("topk(arange(3), 4)", "K705", "topk of 4 along axis 0 of a tensor of shape [3]"),
      ("zeros(2) | plot lengthdiff", "K030", "`plot` cannot work on a tensor"),
      ("[{a: 1}] | table | plot hist", "K030", "`plot` cannot work on a table"),
      ("zeros(2, 2, 2) | plot heatmap", "K705", "a tensor of shape [2, 2, 2] came in"),
    ])
  func problems(text: String, code: String, seen: String) throws {
    let problem = try CommandSession(hasModel: false).problem(text).problem
    #expect(problem.code == code)
    #expect(problem.seen == seen)
    #expect(!problem.labels.isEmpty)
  }

  @Test("a tensor prints its shape, type, statistics, distribution and first numbers")
  func display() throws {
    let test = try CommandSession(hasModel: false)
    #expect(
      try test.run("reshape(arange(24), 2, 3, 4)").display == """
        tensor [2, 3, 4] int32  min 0  mean 11.5  max 23  █▅█▅█▅█▅▅█▅█▅█▅█
          [0]
          0  1   2   3
          4  5   6   7
          8  9  10  11
          12 of 24 numbers
        """)
    #expect(try test.run("tensor([0, 1, 3])").display == "tensor [3] int32  min 0  mean 1.333  max 3  ▁▃█\n  0  1  3")
    #expect(try test.run("zeros(0)").display == "tensor [0] float32")
    #expect(try test.run("log(arange(2) - 1)").display.contains("2 of 2 not finite"))
  }

  @Test("a record of tensors prints a line for each, as wide as its longest name")
  func recordDisplay() throws {
    let test = try CommandSession(hasModel: false)
    let value = try test.run("{a: tensor([0, 1, 3]), long: [1, 2]}")
    #expect(
      ValueRenderer(terminal: .none, width: 100, cancellation: .init()).render(value, as: .table) == """
        a     tensor [3] int32  min 0  mean 1.333  max 3  ▁▃█
        long  [1, 2]
        """)
  }

  @Test("every function has a summary, an example that runs, and help")
  func examples() throws {
    let test = try CommandSession(hasModel: false)
    let functions = test.session.context.functions.all.filter { !$0.examples.isEmpty }
    #expect(functions.count > 30)
    for function in functions {
      for example in function.examples { #expect(throws: Never.self) { try test.run(example.code) } }
      try test.run("help \(function.name)")
      let text = test.printed().joined(separator: "\n")
      #expect(text.contains(function.summary) && text.contains(function.examples[0].code), "\(function.name)")
    }
  }

  @Test("plots of tensors draw in the terminal, as SVG, a page and Vega-Lite", arguments: ["heatmap", "line", "hist"])
  func plots(kind: String) throws {
    let folder = try TemporaryFolder()
    let test = try CommandSession(folder, hasModel: false)
    let text = "randn(\(kind == "line" ? 3 : 40), 50) | plot \(kind) title=\"A title\""
    let plot = try test.run(text)
    let drawn = plot.display
    #expect(drawn.contains("A title") && drawn.split(separator: "\n").count > 12)
    for ending in ["svg", "html", "vl.json", "csv", "txt"] {
      try test.run("\(text) | save \"\(folder.path)/a.\(ending)\"")
      let saved = try String(contentsOfFile: "\(folder.path)/a.\(ending)", encoding: .utf8)
      #expect(saved.utf8.count > 200, "\(ending)")
      if ending == "vl.json" { #expect(try JSONSerialization.jsonObject(with: Data(saved.utf8)) is [String: Any]) }
    }
  }

  @Test("a heat map has its first row at the top, and averages what is too fine")
  func heatmap() throws {
    let test = try CommandSession(hasModel: false)
    let drawn = try test.run("tensor([[1, 1], [0, 0]]) | plot heatmap").display.split(separator: "\n")
    let rows = drawn.filter { $0.contains("│") || $0.contains("┤") }
    #expect(rows.first?.contains("█") == true)
    #expect(rows.last?.contains("█") == false)
    let fine = try test.run("zeros(600, 10) | plot heatmap").display
    #expect(fine.contains("600 x 10 numbers, each cell the mean of 3 x 1 of them."))
  }
}
