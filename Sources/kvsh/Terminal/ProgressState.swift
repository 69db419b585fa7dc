/// How far a long piece of work is.
struct ProgressState: Equatable, Sendable {
  /// What is running: `run sharegpt`.
  var label: String
  /// Pieces finished, those taken over from the store included.
  var done: Int
  /// Pieces in all; 0 if that is not known.
  var total: Int
  /// A remark at the end of the line, or "".
  var note: String

  init(label: String, done: Int, total: Int, note: String = "") {
    self.label = label
    self.done = done
    self.total = total
    self.note = note
  }
}
