/// The problems of a sentence encoder, codes K650 and K651, with what `help K650` says about each.
public enum EncoderProblems {
  public static let missing = "K650"
  public static let notFinite = "K651"

  /// Every code of this table, ascending.
  public static let all: [MetricProblems.Entry] = [
    .init(
      code: missing, title: "no sentence encoder",
      explanation:
        "Semantic scores and length predictors embed texts with all-MiniLM-L6-v2, 83 MB, which scripts/setup "
        + "fetches into the folder encoders under KVSH_HOME. Without it, score=qa_f1 compares words, and features=hash "
        + "trains a predictor on hashed words."),
    .init(
      code: notFinite, title: "an embedding is not finite",
      explanation: "The encoder's weights hold NaN or infinity: its files are damaged. Remove the encoder's folder and "
        + "run scripts/setup to fetch it again."),
  ]
}
