/// How often types of tasks were told right, over prompts of which one form was judged by models that had not seen them.
public struct TaskScore: Codable, Equatable, Sendable {
  /// What of a prompt was judged.
  public enum Form: String, CaseIterable, Codable, Sendable {
    /// As a data set's template writes it, instructions and all; those give a task away.
    case template
    /// The material and the question alone.
    case bare
  }

  /// What no model had seen of what it was judged on.
  public enum Unseen: String, CaseIterable, Codable, Sendable {
    /// The prompt, in either form.
    case prompts
    /// Every prompt of its task: whether a type is told, and not the tasks it was learnt from.
    case tasks
  }

  public var form: Form
  public var unseen: Unseen
  /// nil is all types together.
  public var type: String?
  public var count: Int
  public var right: Int
  /// The share of right answers of one who always says the most frequent type.
  public var baseline: Double
  /// How many were taken for each type, of those that some were taken for.
  public var takenFor: [String: Int]

  public var accuracy: Double { count > 0 ? Double(right) / Double(count) : 0 }
}
