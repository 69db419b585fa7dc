extension ChatTemplate {
  /// What messages list as supported.
  static let supported = "ChatML, Llama 2, Llama 3, Mistral or Phi-3"

  /// Recognises the template of a model file (`tokenizer.chat_template`).
  ///
  /// Throws K231 for a template of no known family, K207, K208 or K222 for damaged tokenizer tables.
  public static func recognise(_ file: GGUFFile) throws -> ChatTemplate {
    guard let template = try file.optionalString("tokenizer.chat_template") else {
      return ChatTemplate(family: .none, trims: false, bos: "", eos: "")
    }
    let printsBos = template.contains("bos_token")
    return try recognise(
      template, fileName: file.name,
      bos: printsBos ? tokenText(file, "tokenizer.ggml.bos_token_id") : "",
      eos: template.contains("eos_token") ? tokenText(file, "tokenizer.ggml.eos_token_id") : "")
  }

  /// Recognises a template by the text it prints; `bos` and `eos` are the tokens it may refer to.
  static func recognise(
    _ template: String, fileName: String, bos: String, eos: String
  ) throws -> ChatTemplate {
    let literals = JinjaLiterals(template)
    func prints(_ marker: String) -> Bool { literals.contains { $0.contains(marker) } }
    let trims = ["| trim", "|trim", ".strip()"].contains { template.contains($0) }
    func made(_ family: Family) -> ChatTemplate {
      ChatTemplate(family: family, trims: trims, bos: bos, eos: eos)
    }
    // Templates of reasoning models rewrite earlier turns, which no fixed layout does.
    let isReasoning = prints("<think>") || prints("</think>")
    if !isReasoning, prints("<|im_start|>"), prints("<|im_end|>") {
      return made(.chatML(defaultSystem: defaultSystem(literals)))
    }
    if !isReasoning, prints("<|start_header_id|>"), prints("<|eot_id|>") {
      return made(.llama3(preamble: llama3Preamble(literals)))
    }
    if prints("[INST]"), prints("[/INST]") {
      return made(prints("<<SYS>>") ? .llama2 : .mistral(mistralSpacing(literals, template)))
    }
    if !isReasoning, prints("<|user|>"), prints("<|assistant|>"), prints("<|end|>"),
      prints("<|user|>\n") || literals.contains("\n")
    {
      return made(.phi3(takesSystem: prints("<|system|>")))
    }
    throw RuntimeProblem(
      "K231",
      seen: isReasoning
        ? "\(fileName): the chat template is of a reasoning model, which rewrites earlier answers"
        : "\(fileName): the chat template is of no known family",
      expected: supported, suggestion: "write the prompt out with the model's own markers and use no template")
  }

  /// The system text that ChatML templates put in front of a conversation without one.
  private static func defaultSystem(_ literals: JinjaLiterals) -> String? {
    let open = "<|im_start|>system\n"
    for literal in literals.literals {
      if literal.code?.hasSuffix("set system_message =") == true { return literal.value }
      guard let start = literal.value.firstRange(of: open)?.upperBound,
        let end = literal.value.firstRange(of: "<|im_end|>")?.lowerBound, start < end
      else { continue }
      return String(literal.value[start..<end])
    }
    return nil
  }

  /// The two lines that Llama 3.1 puts into every system turn.
  // Llama 3.2 asks the clock for the date and has this one for when there is none; a prompt that changed overnight
  // would make no run repeatable, so the clock is left out.
  private static func llama3Preamble(_ literals: JinjaLiterals) -> String? {
    guard let knowledge = literals.literals.first(where: { $0.value.hasPrefix("Cutting Knowledge Date:") }),
      let date = literals.literals.first(where: { $0.code?.hasSuffix("set date_string =") == true })
    else { return nil }
    return "\(knowledge.value)Today Date: \(date.value)\n\n"
  }

  private static func mistralSpacing(_ literals: JinjaLiterals, _ template: String) -> MistralSpacing {
    var spacing = MistralSpacing()
    if literals.contains("[INST] ") { spacing.open = "[INST] " }
    if literals.contains(" [/INST]") { spacing.close = " [/INST]" }
    let dense = template.replacing("\"", with: "'").filter { !$0.isWhitespace || $0 == " " }
    if dense.contains("' ' + message['content']") { spacing.beforeAnswer = " " }
    if dense.contains("eos_token + ' '") { spacing.afterAnswer = " " }
    spacing.takesSystem = template.contains("system_message")
    return spacing
  }

  private static func tokenText(_ file: GGUFFile, _ key: String) throws -> String {
    let id = try file.int(key)
    let tokens = try file.strings("tokenizer.ggml.tokens")
    guard tokens.indices.contains(id) else {
      throw RuntimeProblem(
        "K222", seen: "\(file.name): '\(key)' is \(id)",
        expected: "an id below \(tokens.count.grouped), the vocabulary's size", suggestion: FormatProblems.fetchAgain)
    }
    return tokens[id]
  }
}
