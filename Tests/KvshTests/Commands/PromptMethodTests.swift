import Lang
import Testing

@testable import kvsh

/// Methods that shorten prompts, as `run`, `generate`, `measure` and `perplexity` show them.
@Suite(.serialized)
struct PromptMethodTests {
  let test: CommandSession

  init() throws { test = try CommandSession() }

  @Test("rows say how long the prompt was and how much of it reached the model, from the store too")
  func rows() throws {
    let line = "compress gemfilter budget=20 | run sharegpt n=2 max=4"
    let rows = try test.table(line)
    let (asked, kept) = (rows.ints("prompt_tokens"), rows.ints("kept_tokens"))
    #expect(rows.rowCount == 4 && kept.count == 4)
    for (row, config) in rows.strings("config").enumerated() {
      #expect(kept[row] == (config == "fp16" ? asked[row] : 20))
    }
    #expect(asked.allSatisfy { $0 > 20 })
    #expect(try CommandSession(test.folder).table(line) == rows)
  }

  @Test("the chat template is not shortened, and what is left composes with methods that keep and store it")
  func composed() throws {
    let rows = try test.table(
      "compress llmlingua budget=50% | compress h2o variant=prefill budget=30% | compress kivi bits=4 "
        + "| run sharegpt n=2 max=4 baseline=off")
    #expect(rows.strings("storage") == ["packed", "packed"])
    for (asked, kept) in zip(rows.ints("prompt_tokens"), rows.ints("kept_tokens")) {
      #expect(kept < asked && kept > 20)
    }
    let text = try test.run(
      "compress llmlingua | generate \"Name the capital of France, and no other city of that country.\" max=4")
    #expect(!text.text.isEmpty)
  }

  @Test("tokens that leave between layers are written as shares in a text")
  func shares() throws {
    let rows = try test.table(
      "compress lazyllm layers=\"50%\" keep=[\"40%\", 100%] | run sharegpt n=1 max=4 temperature=0")
    #expect(
      rows.strings("config")
        == ["fp16", "lazyllm layers=\"50%\" keep=\"40%\"", "lazyllm layers=\"50%\" keep=\"100%\""])
    #expect(rows.strings("text")[2] == rows.strings("text")[0])
    #expect(rows.ints("payload_bytes")[1] < rows.ints("payload_bytes")[0])
  }

  @Test("a window that is one prompt is refused where it was asked for")
  func perplexity() throws {
    let path = try test.folder.file("t.txt", String(repeating: "The cat sat on the mat. ", count: 20))
    for method in ["gemfilter", "llmlingua", "lazyllm"] {
      let (problem, isChecked) = try test.problem(
        "compress \(method) | perplexity \"\(path)\" window=32 feed=prompt")
      #expect(problem.code == "K608" && !isChecked)
      #expect(problem.span?.text.hasSuffix("prompt") == true, "\(problem)")
      #expect(problem.suggestion == "feed=steps")
    }
    let rows = try test.table("compress gemfilter budget=8 | perplexity \"\(path)\" window=32 tokens=64")
    #expect(rows.strings("fed") == ["steps", "steps"] && rows.doubles("ratio")[1] > 1)
  }

  @Test("measurements hold what is left of a prompt beside the uncompressed cache of all of it")
  func measured() throws {
    let rows = try test.table("compress gemfilter budget=60 | measure memory tokens=256 steps=4")
    #expect(rows.ints("held_bytes")[1] == 64 * 23_040)
    #expect(rows.ints("payload_bytes")[1] == 64 * 23_040)
    #expect(rows.ints("payload_bytes")[0] == 256 * 23_040)
  }
}
