/// How a model wants a conversation written out, recognised from the template in its file.
public struct ChatTemplate: Equatable, Sendable {
  /// The families whose markers are known, with what differs between their members.
  public enum Family: Equatable, Sendable {
    /// `<|im_start|>role\ncontent<|im_end|>\n`; `defaultSystem` opens a conversation that has no system turn.
    case chatML(defaultSystem: String?)
    /// `<s>[INST] content [/INST] answer </s>`, the system text in `<<SYS>>` inside the first turn.
    case llama2
    /// `<|start_header_id|>role<|end_header_id|>\n\ncontent<|eot_id|>`; Llama 3.1 opens every conversation with a
    /// system turn that begins with `preamble`.
    case llama3(preamble: String?)
    /// `[INST] content [/INST]answer</s>` in the spacing of its version.
    case mistral(MistralSpacing)
    /// `<|user|>\ncontent<|end|>\n<|assistant|>\n`; the older templates have no system turn.
    case phi3(takesSystem: Bool)
    /// The file has no template: a single message stands as it is.
    case none
  }

  /// What differs between the templates of Mistral's models.
  public struct MistralSpacing: Equatable, Sendable {
    var open = "[INST]"
    var close = "[/INST]"
    var beforeAnswer = ""
    var afterAnswer = ""
    /// Whether a system text is put before the last message; the older templates refuse one.
    var takesSystem = false
  }

  public let family: Family
  /// Whether messages lose the whitespace at their ends.
  let trims: Bool
  /// Text that begins a prompt, or a turn of Llama 2; empty if the template does not print one.
  let bos: String
  /// Text that ends an answer (Llama 2, Mistral).
  let eos: String

  /// Writes a conversation out, ready for `Tokenizer.encode(_:parseSpecial: true)`.
  ///
  /// With `addGenerationPrompt` it ends where the answer begins. Throws K232 for roles in an order that the template
  /// refuses.
  public func render(_ messages: [ChatMessage], addGenerationPrompt: Bool = true) throws -> String {
    switch family {
    case .chatML(let defaultSystem): chatML(messages, defaultSystem, addGenerationPrompt)
    case .llama3(let preamble): llama3(messages, preamble, addGenerationPrompt)
    case .llama2: try llama2(messages)
    case .mistral(let spacing): try mistral(messages, spacing)
    case .phi3(let takesSystem): try phi3(messages, takesSystem, addGenerationPrompt)
    case .none: try plain(messages)
    }
  }

  /// The token ids of a conversation; markers spelt inside a message become special tokens too, as in the reference.
  public func ids(
    _ messages: [ChatMessage], _ tokenizer: Tokenizer, addGenerationPrompt: Bool = true
  ) throws -> [Int32] {
    tokenizer.encode(try render(messages, addGenerationPrompt: addGenerationPrompt), parseSpecial: true)
  }

  private func chatML(_ messages: [ChatMessage], _ defaultSystem: String?, _ addGenerationPrompt: Bool) -> String {
    var text = bos
    if let defaultSystem, let first = messages.first, first.role != .system {
      text += "<|im_start|>system\n\(defaultSystem)<|im_end|>\n"
    }
    for message in messages {
      text += "<|im_start|>\(message.role.rawValue)\n\(content(message))<|im_end|>\n"
    }
    return addGenerationPrompt ? text + "<|im_start|>assistant\n" : text
  }

  private func llama3(_ messages: [ChatMessage], _ preamble: String?, _ addGenerationPrompt: Bool) -> String {
    func turn(_ role: ChatRole, _ content: String) -> String {
      "<|start_header_id|>\(role.rawValue)<|end_header_id|>\n\n\(content)<|eot_id|>"
    }
    var text = bos
    var rest = messages[...]
    if let preamble {
      let system = rest.first?.role == .system ? rest.popFirst() : nil
      text += turn(.system, preamble + (system.map(content) ?? ""))
    }
    text += rest.map { turn($0.role, content($0)) }.joined()
    return addGenerationPrompt ? text + "<|start_header_id|>assistant<|end_header_id|>\n\n" : text
  }

  private func llama2(_ messages: [ChatMessage]) throws -> String {
    let (system, turns) = try alternating(messages, takesSystem: true)
    var text = ""
    for (index, turn) in turns.enumerated() {
      var content = turn.content
      if index == 0, let system { content = "<<SYS>>\n\(system)\n<</SYS>>\n\n\(content)" }
      content = ChatText.trimmed(content)
      text += turn.role == .user ? "\(bos)[INST] \(content) [/INST]" : " \(content) \(eos)"
    }
    return text
  }

  private func mistral(_ messages: [ChatMessage], _ spacing: MistralSpacing) throws -> String {
    let (system, turns) = try alternating(messages, takesSystem: spacing.takesSystem)
    var text = bos
    for (index, turn) in turns.enumerated() {
      if turn.role == .user {
        let before = index == turns.count - 1 ? system.map { "\($0)\n\n" } ?? "" : ""
        text += spacing.open + before + turn.content + spacing.close
      } else {
        text += spacing.beforeAnswer + content(turn) + eos + spacing.afterAnswer
      }
    }
    return text
  }

  private func phi3(_ messages: [ChatMessage], _ takesSystem: Bool, _ addGenerationPrompt: Bool) throws -> String {
    var text = bos
    for message in messages {
      guard takesSystem || message.role != .system else {
        throw RuntimeProblem(
          "K232", seen: "a system message, which this model's chat template leaves out",
          expected: "messages of user and assistant")
      }
      text += "<|\(message.role.rawValue)|>\n\(content(message))<|end|>\n"
    }
    return text + (addGenerationPrompt ? "<|assistant|>\n" : eos)
  }

  private func plain(_ messages: [ChatMessage]) throws -> String {
    guard messages.count == 1 else {
      throw RuntimeProblem(
        "K232", seen: "the model has no chat template, and the conversation has \(messages.count) messages",
        expected: "one message, which is then the whole prompt", suggestion: "use a model that was trained to chat")
    }
    return messages[0].content
  }

  private func content(_ message: ChatMessage) -> String {
    trims ? ChatText.trimmed(message.content) : message.content
  }

  /// Splits off the system text and checks that user and assistant take turns.
  private func alternating(
    _ messages: [ChatMessage], takesSystem: Bool
  ) throws -> (system: String?, turns: ArraySlice<ChatMessage>.SubSequence) {
    var turns = messages[...]
    let system = takesSystem && turns.first?.role == .system ? turns.popFirst()?.content : nil
    for (index, turn) in turns.enumerated() {
      let expected: ChatRole = index % 2 == 0 ? .user : .assistant
      guard turn.role == expected else {
        throw RuntimeProblem(
          "K232",
          seen: "message \(messages.count - turns.count + index + 1) of the conversation is the "
            + "\(turn.role.rawValue)'s, which this model's chat template refuses",
          expected: "the \(expected.rawValue)'s; user and assistant take turns"
            + (takesSystem ? " after at most one system message" : " and there is no system message"))
      }
    }
    return (system, turns)
  }
}
