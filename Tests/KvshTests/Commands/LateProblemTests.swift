import Testing

@testable import kvsh

/// Problems that no other suite names: each from a line that a user may type.
struct LateProblemTests {
  @Test("a history line, a folder of scores and records of negatives that are not there are said to be missing")
  func missing() throws {
    let test = try CommandSession(hasModel: false)
    let line = try test.problem("history 999").problem
    #expect(line.code == "K595" && line.seen == "there is no line 999")
    let folder = try test.problem("load scores \"\(test.folder.path)\"").problem
    #expect(folder.code == "K617" && folder.seen.hasSuffix("has no .jsonl file"))
    let rows = "[{sample: \"1\", task: \"qasper\"}] | table"
    let records = try test.problem("\(rows) | save \"\(test.folder.path)/x.longbench.json\"").problem
    #expect(records.code == "K618" && records.seen == "the records of the negatives are not at hand")
  }

  @Test("a tensor of numbers that are none has no singular values")
  func factors() throws {
    let problem = try CommandSession(hasModel: false).problem("svd(log(tensor([[-1, 1], [1, 2]]))).s").problem
    #expect(problem.code == "K707" && problem.seen == "`svd` of a tensor of shape [2, 2] failed")
  }
}
