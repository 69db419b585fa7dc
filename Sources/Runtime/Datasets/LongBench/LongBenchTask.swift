import Foundation

/// One LongBench task: its prompt, how long its answers may become, and how they are scored.
///
/// Values come from `Resources/longbench-tasks.json`; nothing of them stands in code.
public struct LongBenchTask: Codable, Sendable, Equatable {
  public var name: String
  /// `en` or `zh`; code tasks are `en`.
  public var language: String
  /// The second paper's task types: QA, summarization, few-shot, synthetic, code.
  public var type: String
  public var metric: LongBenchMetric
  /// Most new tokens of an answer.
  public var maxNew: Int
  /// Whether the prompt stands in the chat template; few-shot and code tasks never do.
  public var chat: Bool
  /// Only the first line of an answer is scored.
  public var firstLine: Bool
  /// The score of a guess among the choices, 0...1; a mean not above it says that the task is not solved at all.
  public var floor: Double
  /// Whether LongBench-E has it too, under NAME_e.
  public var extended: Bool
  /// Holds `{context}` and mostly `{input}`.
  public var prompt: String

  enum CodingKeys: String, CodingKey {
    case name, language, type, metric, chat, floor, extended, prompt
    case maxNew = "max_new"
    case firstLine = "first_line"
  }

  /// The template with the record's texts in it; braces inside the texts stay as they are.
  public func filled(context: String, input: String) -> String {
    var text = ""
    var rest = Substring(prompt)
    while let open = rest.firstRange(of: "{") {
      text += rest[..<open.lowerBound]
      rest = rest[open.lowerBound...]
      if rest.hasPrefix("{context}") {
        text += context
        rest = rest.dropFirst("{context}".count)
      } else if rest.hasPrefix("{input}") {
        text += input
        rest = rest.dropFirst("{input}".count)
      } else {
        text += "{"
        rest = rest.dropFirst()
      }
    }
    return text + rest
  }
}

/// The table of LongBench's tasks.
public struct LongBenchTasks: Codable, Sendable, Equatable {
  public static let fileName = "longbench-tasks.json"

  public var source: String
  public var truncation: Truncation
  public var tasks: [LongBenchTask]

  /// LongBench's longest prompts in tokens, by the context of the model.
  public struct Truncation: Codable, Sendable, Equatable {
    // [sizes], ascending
    public var contextTokens: [Int]
    // [sizes]
    public var maxLength: [Int]

    enum CodingKeys: String, CodingKey {
      case contextTokens = "context_tokens"
      case maxLength = "max_length"
    }

    /// The length for the largest listed context that the model has; for a smaller one, in proportion to the smallest.
    public func maxLength(forContext tokens: Int) -> Int {
      let sizes = zip(contextTokens, maxLength)
      if let fitting = sizes.filter({ $0.0 <= tokens }).last { return fitting.1 }
      guard let smallest = sizes.first(where: { $0.0 > 0 }) else { return max(1, tokens / 2) }
      return max(1, smallest.1 * max(0, tokens) / smallest.0)
    }
  }

  /// The table that comes with kvsh.
  ///
  /// - Throws: K410 if the file is missing or not what it should be.
  public static func bundled(home: String?) throws -> LongBenchTasks {
    let path = try BundledSample.path(home: home, named: fileName)
    do {
      return try JSONDecoder().decode(LongBenchTasks.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
    } catch {
      throw DatasetProblems.damagedResource(path)
    }
  }

  /// The task of a name, `qasper_e` meaning `qasper` as LongBench-E has it; nil if there is none.
  public func task(_ name: String) -> LongBenchTask? {
    if let task = tasks.first(where: { $0.name == name }) { return task }
    guard name.hasSuffix("_e") else { return nil }
    return tasks.first { $0.extended && $0.name == name.dropLast(2) }
  }

  /// Every name `task` knows, in the order of the table.
  public var names: [String] { tasks.map(\.name) + tasks.filter(\.extended).map { $0.name + "_e" } }
}
