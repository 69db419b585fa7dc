/// LongBench's `classification_score`: one over the number of class names found, if the right one is among them.
enum ClassificationScore {
  /// - Parameter classes: the task's class names in their order.
  static func score(_ prediction: String, _ answer: String, classes: [String]) -> Double {
    let text = CodePoints(prediction.unicodeScalars)
    let right = CodePoints(answer.unicodeScalars)
    var found = classes.map { CodePoints($0.unicodeScalars) }.filter { text.contains(text: $0) }
    // LongBench removes from the list it walks, which passes over the entry behind each one that goes.
    var place = 0
    while place < found.count {
      let name = found[place]
      if name != right, right.contains(text: name), let first = found.firstIndex(of: name) { found.remove(at: first) }
      place += 1
    }
    return found.contains(right) ? 1 / Double(found.count) : 0
  }
}
