import Lang
import Runtime
import Testing

@testable import kvsh

/// `compress`: sweeps, presets, lists and composition.
@Suite(.serialized)
struct CompressTests {
  let test: CommandSession

  init() throws { test = try CommandSession(hasModel: false) }

  private func labels(_ text: String) throws -> [String] {
    try #require(try test.run(text).configurations).map(\.label)
  }

  @Test("lists are a sweep, the last parameter varying fastest")
  func sweep() throws {
    #expect(
      try labels("compress kivi bits=[2,4] group=[32,64]")
        == ["kivi bits=2 group=32", "kivi bits=2 group=64", "kivi bits=4 group=32", "kivi bits=4 group=64"])
    #expect(
      try labels("compress h2o budget=[10%, 512, 1MiB]") == ["h2o budget=10%", "h2o budget=512", "h2o budget=1MiB"])
  }

  @Test("variables, functions and loops make configurations")
  func variables() throws {
    #expect(try labels("let b = 4\ncompress kivi bits=b") == ["kivi bits=4"])
    #expect(try labels("let widths = [2, 8]\ncompress kivi bits=widths") == ["kivi bits=2", "kivi bits=8"])
    #expect(try labels("compress [kivi(bits=2), h2o(budget=512)]") == ["kivi bits=2", "h2o budget=512"])
    #expect(try labels("compress kivi(bits=2)") == ["kivi bits=2"])
    #expect(try labels("compress map([2, 4], b -> kivi(bits=b))") == ["kivi bits=2", "kivi bits=4"])
    #expect(try labels("let c = compress kivi\n[c, c]") == ["kivi", "kivi"])
    #expect(try test.run("(compress kivi bits=[2,4]).count") == .int(2))
  }

  @Test("a preset sets what its paper says, and a parameter overrides it")
  func presets() throws {
    #expect(try labels("compress kivi/rethinking") == ["kivi bits=4 group=32 residual=128"])
    #expect(try labels("compress kivi/rethinking bits=8") == ["kivi bits=8 group=32 residual=128"])
    #expect(try labels("compress h2o/rethinking") == ["h2o heavy=64 recent=448"])
    #expect(try labels("compress streamingllm/rethinking") == ["streamingllm sink=64 recent=448"])
    #expect(try labels("compress gear/rethinking") == ["gear mode=tensor bits=4 outlier=0.02 rank=0.02 interval=20"])
  }

  @Test("a share serves as a fraction where a fraction is asked")
  func shares() throws {
    #expect(try labels("compress gear outlier=2%") == ["gear outlier=0.02"])
    #expect(try labels("compress h2o budget=30%") == ["h2o budget=30%"])
  }

  @Test("a text is read when its line runs, not when it is checked, and a sweep may have several")
  func texts() throws {
    let path = try test.folder.file("own.txt", "The sea is wide.")
    let made = try #require(try test.run("compress kvquant calib=\"\(path)\" cap=21").configurations)
    #expect(made.map(\.label) == ["kvquant cap=21 calib=\"\(path)\""])
    let other = try test.folder.file("other.txt", "The sea is wide.")
    let both = try #require(try test.run("compress kvquant calib=[\"\(path)\", \"\(other)\"] cap=21").configurations)
    // Rows are keyed by what it says.
    #expect(Set(both.map(\.specification)) == [made[0].specification])
    let (problem, isChecked) = try test.problem("compress kvquant calib=nowhere.txt")
    #expect(problem.code == "K504" && !isChecked && problem.span?.text == "nowhere.txt")
    #expect(problem.seen == "calib=nowhere.txt cannot be read: there is no such file")
  }

  @Test("methods of different slots compose, sweeps by every pair")
  func composition() throws {
    #expect(
      try labels("compress h2o variant=prefill budget=30% | compress kivi bits=[2,4]")
        == ["h2o budget=30% variant=prefill | kivi bits=2", "h2o budget=30% variant=prefill | kivi bits=4"])
    // A list, by name or as it stands, is what `compress` makes of it.
    #expect(
      try labels("let two = [snapkv(budget=64), knorm(budget=50%)]\ntwo | compress quarot")
        == labels("compress [snapkv(budget=64), knorm(budget=50%)] | compress quarot"))
  }

  @Test(
    "methods that cannot go together are refused with both names and both places",
    arguments: [
      ("compress kivi | compress gear", "kivi and gear both fill the codec slot"),
      ("compress h2o | compress streamingllm", "h2o and streamingllm both fill the keep slot"),
      ("compress h2o | compress kivi", "h2o | kivi would drop single tokens out of packed groups while decoding"),
    ])
  func refusal(line: String, seen: String) throws {
    let (problem, _) = try test.problem(line)
    #expect(problem.code == "K306")
    #expect(problem.seen == seen)
    let stages = line.split(separator: " | ").map(String.init)
    #expect(problem.labels.map(\.span.text) == [stages[1], stages[0]])
    #expect(problem.suggestion != nil)
  }

  @Test("a list of other things, or of nothing, is no configuration", arguments: ["[1, 2]", "[]", "[kivi(), 3]"])
  func notMethods(list: String) throws {
    let (problem, _) = try test.problem("compress \(list)")
    #expect(problem.code == "K302")
    #expect(problem.span?.text == list)
  }

  @Test("every method and every preset that is listed can be made")
  func all() throws {
    let table = try test.table("compressors")
    #expect(table.strings("name") == Compressors.all.map(\.name))
    for row in 0..<table.rowCount {
      let name = table.strings("name")[row]
      #expect(try labels("compress \(name)") == [name])
      for preset in table.strings("presets")[row].split(separator: " ") {
        #expect(try labels("compress \(preset)").first?.hasPrefix(name + " ") == true)
      }
      #expect(["full", "packed", "evicted"].contains(table.strings("storage")[row]))
    }
    #expect(
      try test.table("compressors | where family == \"eviction\"").strings("name")
        == Compressors.all.filter { $0.family == .eviction }.map(\.name))
  }
}
