import Lang
import Runtime

/// The responses a length predictor is trained on: rows of a past run, or a table.
enum LengthTrainingRows {
  /// The rows that `from=run:12` names, with the prompts that the store keeps.
  ///
  /// - Throws: `Problem` K013 for another source, K505... for an unknown run, K658 without prompts.
  static func read(from source: String, _ call: Call, _ workbench: Workbench) throws -> [LengthTrainingSet.Response] {
    let store = try call.placing { try workbench.store() }
    let parts = source.split(separator: ":", omittingEmptySubsequences: false)
    let known = parts.count == 2 && parts[0] == "run" ? parts[1] : ""
    let latest = known == "last" ? try call.placing { try store.lines() }.last { $0.rows > 0 }?.id : nil
    guard let id = latest ?? Int64(known), id > 0 else {
      throw Problem(
        "K013", seen: "`from=\(source)`",
        expected: "run:last, or run:ID with an ID out of `history | where rows > 0`",
        labels: [.init(call.span(of: "from"))])
    }
    let rows = try call.kept(byLine: Int(id), named: "from", in: store) { try store.rows(ofLine: $0) }.map(\.row)
    let prompts = try call.placing { try store.prompts(Set(rows.map(\.prompt))) }
    return try rows.map { row in
      guard let prompt = prompts[row.prompt] else {
        throw Problem(
          LengthPredictionProblems.noPrompts, seen: "the store has no text of the prompt of sample \(row.sample)",
          expected: "rows of a run that kept its prompts",
          suggestion: "run the same line again, which returns at once, and train from that run",
          labels: [.init(call.span(of: "from"))])
      }
      return LengthTrainingSet.Response(
        sample: row.sample, configuration: row.config, prompt: prompt, promptTokens: row.promptTokens,
        tokens: row.outputTokens, atCap: row.finish == "length")
    }
  }

  /// The rows of the table that came through the pipe.
  ///
  /// - Throws: `Problem` K605 for a missing column or cell.
  static func read(_ call: Call) throws -> [LengthTrainingSet.Response] {
    let table = try call.table()
    func column(_ name: String) throws -> ColumnData {
      guard let data = table.column(name) else {
        throw Problem(
          "K605", seen: "the table has no column `\(name)`",
          expected: "config, sample, prompt, prompt_tokens, output_tokens and finish",
          suggestion: name == "prompt" ? "train from the run itself: train length from=run:ID" : nil,
          labels: [.init(call.inputSpan ?? call.span)])
      }
      return data
    }
    let (configs, samples, prompts) = (try column("config"), try column("sample"), try column("prompt"))
    let (inputs, outputs, finishes) = (
      try column("prompt_tokens"), try column("output_tokens"), try column("finish")
    )
    return try (0..<table.rowCount).map { row in
      guard let input = inputs[row].asInt, let output = outputs[row].asInt, case .string(let prompt) = prompts[row]
      else {
        throw Problem(
          "K605", seen: "row \(row) (sample \(samples[row].text)) has no prompt or no number of tokens",
          expected: "a text and whole numbers in every row", labels: [.init(call.inputSpan ?? call.span)])
      }
      return LengthTrainingSet.Response(
        sample: samples[row].text, configuration: configs[row].text, prompt: prompt, promptTokens: input,
        tokens: output, atCap: finishes[row].text == "length")
    }
  }
}
