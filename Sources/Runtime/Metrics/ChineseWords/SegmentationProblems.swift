/// The problems of cutting Chinese into words, code K683, with what `help K683` says about it.
public enum SegmentationProblems {
  public static let damaged = "K683"

  /// Every code of this table, ascending.
  public static let all: [MetricProblems.Entry] = [
    .init(
      code: damaged, title: "jieba's dictionary is damaged",
      explanation:
        "Scores over Chinese words cut text by jieba's dictionary and its table of characters, four files in "
        + "the folder jieba under KVSH_HOME. One of them is not what scripts/setup puts there: remove the folder and run "
        + "scripts/setup to fetch it again.")
  ]

  static func damaged(_ path: String, _ seen: String) -> RuntimeProblem {
    RuntimeProblem(
      damaged, seen: "\(path): \(seen)", expected: "jieba 0.42.1's file",
      suggestion: "remove the folder and run scripts/setup, which fetches it")
  }
}
