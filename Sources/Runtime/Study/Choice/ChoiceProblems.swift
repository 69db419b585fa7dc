/// The problems of telling task types and of choosing configurations by them, codes K660 to K666, with what `help K660`
/// says about each.
public enum ChoiceProblems {
  public static let tooFewSamples = "K660"
  public static let noClassifier = "K661"
  public static let damaged = "K662"
  public static let noRule = "K663"
  public static let unknownConfiguration = "K664"
  public static let noTypes = "K665"
  public static let notHere = "K666"

  /// Every code of this table, ascending.
  public static let all: [MetricProblems.Entry] = [
    .init(
      code: tooFewSamples, title: "too few samples to learn from",
      explanation:
        "A classifier of task types needs prompts of two types or more and \(TaskStudy.leastOfType) of each; a "
        + "choice needs samples that the baseline and every configuration have a score of, \(ChoiceStudy.leastSamples) of "
        + "them. Register more tasks of LongBench, or run with a larger n."),
    .init(
      code: noClassifier, title: "no classifier of task types",
      explanation:
        "`train task` makes one out of LongBench's files (`data add longbench PATH`, or from=PATH); `predict "
        + "task` and `compress auto` use the newest, or the one they are told."),
    .init(
      code: damaged, title: "what was trained cannot be read",
      explanation: "It was written by another version of kvsh, or the store was edited. Train it again."),
    .init(
      code: noRule, title: "nothing to choose by",
      explanation:
        "`run longbench | train auto` learns which configurations keep the scores of each task type; `compress "
        + "auto` uses the newest such rule, or the one that rule=ID names."),
    .init(
      code: unknownConfiguration, title: "a configuration that was not learnt",
      explanation: "A choice is made among configurations whose scores and lengths are known. Run them over a data set "
        + "with right answers and train again, or choose among those that were. A rule that was learnt against another "
        + "baseline than the uncompressed cache takes that one where nothing else keeps the scores, so it has to be given."
    ),
    .init(
      code: noTypes, title: "samples of no known type",
      explanation:
        "The type of a sample is that of its LongBench task, or what the classifier says of its prompt, which "
        + "the store has of every run. Rows from elsewhere must name LongBench's tasks."),
    .init(
      code: notHere, title: "a choice where there is none to make",
      explanation:
        "`compress auto` chooses for each request of a `run`. Everything else takes configurations that are the "
        + "same for all: name one."),
  ]

  static func fewSamples(_ counts: [String: Int], least: Int) -> RuntimeProblem {
    let seen = counts.sorted { $0.key < $1.key }.map { "\($0.value) of \($0.key)" }.joined(separator: ", ")
    return RuntimeProblem(
      tooFewSamples, seen: "there are prompts of these types: \(seen.isEmpty ? "none" : seen)",
      expected: "two types or more, \(least) prompts of each",
      suggestion: "register a folder with more of LongBench's tasks: data add longbench PATH")
  }
}
