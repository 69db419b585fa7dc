import Lang
import Testing

@testable import kvsh

/// The columns that commands declare are held against names before anything runs, so they must be those that come.
@Suite struct ExactColumnTests {
  @Test("a command yields the columns it declares", arguments: ["compressors", "models", "history"])
  func columns(_ line: String) throws {
    let test = try CommandSession(hasModel: false)
    guard case .table(let table) = try test.run(line) else {
      Issue.record("\(line) yields no table")
      return
    }
    #expect(table.columnNames == test.session.context.commands.signature(line)?.columns)
  }

  @Test("the columns that a run declares are those of its rows")
  func run() throws {
    let signature = try CommandSession(hasModel: false).session.context.commands.signature("run")
    #expect(signature?.columns == RunTable.table([]).columnNames)
  }

  @Test("a name that is no column of a run is found before the model is loaded")
  func before() throws {
    let (problem, isCheck) = try CommandSession(hasModel: false).problem("run sharegpt n=2 | where outputtokens > 3")
    #expect(isCheck && problem.code == "K015")
    #expect(problem.suggestion == "did you mean `output_tokens`?")
  }
}
