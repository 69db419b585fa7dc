/// The problems of predicting lengths, codes K653 to K659, with what `help K653` says about each.
public enum LengthPredictionProblems {
  public static let noLength = "K653"
  public static let tooFewRows = "K654"
  public static let notSolvable = "K655"
  public static let damagedModel = "K656"
  public static let noModel = "K657"
  public static let noPrompts = "K658"
  public static let otherFeatures = "K659"

  /// Requests that a length predictor needs: fewer leave folds without a meaning.
  public static let leastRequests = 50

  /// Every code of this table, ascending.
  public static let all: [MetricProblems.Entry] = [
    .init(
      code: noLength, title: "a response without a token",
      explanation: "The paper's accuracy divides by the true length, which must be 1 token or more."),
    .init(
      code: tooFewRows, title: "too few requests to train on",
      explanation: "A length predictor is trained on requests that every configuration has answered, at least "
        + "\(leastRequests) of them; the paper's protocol has 1,000. Run the data set with a larger n."),
    .init(
      code: notSolvable, title: "a regression that cannot be solved",
      explanation: "The features of the prompts hold numbers that are not finite or far too large. Check the table's "
        + "prompts and prompt_tokens."),
    .init(
      code: damagedModel, title: "a stored predictor that cannot be read",
      explanation: "It was written by another version of kvsh, or the store was edited. Train it again; its run is "
        + "named by `history`."),
    .init(
      code: noModel, title: "no length predictor",
      explanation: "`train length from=run:ID` makes one out of a finished run; `predict length` uses the newest, or "
        + "the one that model=ID names."),
    .init(
      code: noPrompts, title: "rows without their prompts",
      explanation:
        "A predictor reads the prompts. The store keeps them beside the rows of a run; of rows that an older "
        + "kvsh stored it does not. Run the same line again, which returns at once, and train from that run."),
    .init(
      code: otherFeatures, title: "a predictor for other features",
      explanation: "A predictor is for the encoder it was trained with, or for hashed words. Train it again where the "
        + "encoder has changed."),
  ]
}
