import Foundation
import Testing

@testable import Runtime

/// A row of chat.jsonl: the file's own template through transformers (golden/README.md).
private struct ChatRow: Decodable {
  var id: Int
  var messages: [ChatMessage]
  var text: String
  var ids: [Int32]
}

/// Published templates and their renderings, made by Fixtures/chat_templates.py with jinja2.
private struct Rendered: Decodable {
  struct Row: Decodable {
    var name: String
    var messages: [ChatMessage]
    var prompt: Bool
    /// nil where the template refuses the conversation.
    var text: String?
  }

  var templates: [String: String]
  var rows: [Row]

  static func fixture() throws -> Rendered {
    try JSONDecoder().decode(
      Rendered.self, from: Data(contentsOf: PackageFolder.fixture("chat_templates.json")))
  }
}

@Suite("Chat templates")
struct ChatTemplateTests {
  private func check(_ url: URL, count: Int) throws {
    let file = try SmolLM2.file()
    let tokenizer = try Tokenizer(file)
    let template = try ChatTemplate.recognise(file)
    let rows = try GoldenFolder.rows(ChatRow.self, url)
    #expect(rows.count == count)
    for row in rows {
      #expect(Array(try template.render(row.messages).utf8) == Array(row.text.utf8), "row \(row.id)")
      #expect(try template.ids(row.messages, tokenizer) == row.ids, "row \(row.id)")
    }
  }

  @Test("10 golden conversations of SmolLM2 are exact, text and ids")
  func fixture() throws {
    try check(PackageFolder.fixture("chat.jsonl"), count: 10)
  }

  // The golden folder is too large for the repository; the test above holds ten rows of it.
  @Test(
    "all 40 golden conversations are exact, text and ids",
    .enabled(if: GoldenFolder.has("chat.jsonl"), "set KVSH_GOLDEN to the golden folder"))
  func golden() throws {
    try check(GoldenFolder.url.appendingPathComponent("chat.jsonl"), count: 40)
  }

  @Test(
    "published templates render as jinja2 renders them, and refuse what they refuse",
    arguments: [
      "qwen2", "chatml", "qwen2.5", "llama-2", "llama-3", "llama-3.1", "mistral-v0.1", "mistral-v0.2", "mistral-v0.3",
    ])
  func published(name: String) throws {
    let rendered = try Rendered.fixture()
    let template = try ChatTemplate.recognise(
      try #require(rendered.templates[name]), fileName: "x.gguf",
      bos: rendered.templates[name]?.contains("bos_token") == true ? "<s>" : "", eos: "</s>")
    let rows = rendered.rows.filter { $0.name == name }
    #expect(rows.count == 18)
    for row in rows {
      guard let text = row.text else {
        let problem = #expect(throws: RuntimeProblem.self) { try template.render(row.messages) }
        #expect(problem?.code == "K232")
        continue
      }
      #expect(try template.render(row.messages, addGenerationPrompt: row.prompt) == text)
    }
  }

  @Test("the default system text is the file's own")
  func defaultSystem() throws {
    let template = try ChatTemplate.recognise(
      "{{ '<|im_start|>system\\nYou\\'re \"kv\".<|im_end|>\\n' }}{{ '<|im_start|>' + message['role'] }}",
      fileName: "x.gguf", bos: "", eos: "")
    #expect(template.family == .chatML(defaultSystem: "You're \"kv\"."))
    #expect(
      try template.render([ChatMessage(.user, "a")], addGenerationPrompt: false)
        == "<|im_start|>system\nYou're \"kv\".<|im_end|>\n<|im_start|>user\na<|im_end|>\n")
  }

  @Test(
    "a template of no known family is a problem that names those that are",
    arguments: [
      "", "{{ messages }}", "{# <|im_start|> <|im_end|> #}", "{{ '<start_of_turn>' }}", "{{ '", "{{ 'a\\", "{%", "{#",
    ])
  func unknown(template: String) {
    #expect(
      throws: RuntimeProblem(
        "K231", seen: "x.gguf: the chat template is of no known family",
        expected: "ChatML, Llama 2, Llama 3, Mistral or Phi-3",
        suggestion: "write the prompt out with the model's own markers and use no template")
    ) { try ChatTemplate.recognise(template, fileName: "x.gguf", bos: "", eos: "") }
  }

  @Test("a template that rewrites earlier answers is refused")
  func reasoning() {
    let problem = #expect(throws: RuntimeProblem.self) {
      try ChatTemplate.recognise(
        "{{ '<|im_start|>' }}{{ content.split('</think>')[-1] }}{{ '<|im_end|>' }}", fileName: "x.gguf", bos: "",
        eos: "")
    }
    #expect(problem?.seen == "x.gguf: the chat template is of a reasoning model, which rewrites earlier answers")
  }

  @Test("a file without a template takes one message as it is, and no conversation")
  func none() throws {
    let file = try GGUFFile(MappedFile(content: GGUFBuilder.sample.bytes, name: "base.gguf"))
    let template = try ChatTemplate.recognise(file)
    #expect(template.family == .none)
    #expect(try template.render([ChatMessage(.user, " as it is\n")]) == " as it is\n")
    #expect(
      throws: RuntimeProblem(
        "K232", seen: "the model has no chat template, and the conversation has 2 messages",
        expected: "one message, which is then the whole prompt", suggestion: "use a model that was trained to chat")
    ) { try template.render([ChatMessage(.user, "a"), ChatMessage(.assistant, "b")]) }
  }

  @Test("a refused order names the message and what would have been right")
  func order() throws {
    let rendered = try Rendered.fixture()
    let llama = try ChatTemplate.recognise(
      try #require(rendered.templates["llama-2"]), fileName: "x.gguf", bos: "<s>", eos: "</s>")
    #expect(
      throws: RuntimeProblem(
        "K232",
        seen: "message 3 of the conversation is the user's, which this model's chat template refuses",
        expected: "the assistant's; user and assistant take turns after at most one system message")
    ) { try llama.render([ChatMessage(.system, "s"), ChatMessage(.user, "a"), ChatMessage(.user, "b")]) }
  }
}

@Suite("Codes of the formats")
struct FormatProblemsTests {
  @Test("every code is listed once, in order, with a title and an explanation")
  func table() {
    let codes = FormatProblems.all.map(\.code)
    #expect(codes == Array(Set(codes)).sorted())
    #expect(codes.first == "K201")
    #expect(FormatProblems.all.allSatisfy { !$0.title.isEmpty && $0.explanation.hasSuffix(".") })
  }

  @Test(
    "numbers have a comma between thousands",
    arguments: [(0, "0"), (999, "999"), (1_000, "1,000"), (-1_234_567, "-1,234,567")])
  func grouped(number: Int, text: String) {
    #expect(number.grouped == text)
  }
}
