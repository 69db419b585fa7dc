import Foundation
import Lang
import Testing

@testable import kvsh

/// `kvsh check`: every mistake of a file at once, nothing run.
@Suite struct CheckTests {
  private static let script = """
    let rows = compress kivi bits=3 | run sharegpt n=0
    rows | where lenght > 3
    compress kivi | compress gear
    rnu sharegpt
    let total = 1 + "a"
    run sharegpt | compress kivi
    print(totl)
    for i in 5 { i }
    def f(a) { a }
    f(1, 2)
    rows | lengths | sort(
    let x = 3
    """

  @Test("all problems of a file are reported in one go, in order, and nothing is run")
  func all() throws {
    let home = try TemporaryFolder()
    let path = try home.file("study.kvs", Self.script)
    let result = try KvshCall(["check", path], in: home).result()
    #expect(result.status == 2)
    let found = result.output.matches(of: /study\.kvs:(\d+):\d+: error (K\d\d\d)/).map { "\($0.1) \($0.2)" }
    #expect(
      found == [
        "1 K024", "1 K023", "2 K015", "3 K306", "4 K011", "5 K040", "6 K030", "7 K012", "8 K046", "10 K051", "12 K006",
      ])
    #expect(result.errors == "")
    #expect(!FileManager.default.fileExists(atPath: home.path + "/kvsh/store.sqlite"))
  }

  @Test("two methods of one slot are shown at both ends of the pipe")
  func clash() throws {
    let home = try TemporaryFolder()
    let path = try home.file("a.kvs", "let b = 2\ncompress kivi bits=2\n  | compress gear | run sharegpt")
    let result = try KvshCall(["check", path], in: home).result()
    #expect(
      result.output == """
        \(path):3:5: error K306: kivi bits=2 and gear both fill the codec slot
          3 |   | compress gear | run sharegpt
            |     ^^^^^^^^^^^^^
          2 | compress kivi bits=2
            | -------------------- comes in
          expected: at most one method a slot
          hint: leave one of them out

        """)
  }

  @Test("as JSON every problem is one object")
  func json() throws {
    let home = try TemporaryFolder()
    let path = try home.file("a.kvs", "rnu\nprint(zz)")
    let result = try KvshCall(["check", "--format", "json", path], in: home).result()
    let lines = result.output.split(separator: "\n")
    #expect(lines.count == 2)
    for line in lines {
      let object = try JSONSerialization.jsonObject(with: Data(line.utf8)) as? [String: Any]
      #expect(object?["code"] as? String == "K012" || object?["code"] as? String == "K011")
    }
  }
}
