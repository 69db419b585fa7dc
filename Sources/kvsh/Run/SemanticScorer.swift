import Lang
import Runtime

/// How like two texts are, 0 to 100: the semantic score of table 4, whose scorer the paper does not name.
enum SemanticScorer {
  /// 100 x the cosine of two sentence embeddings.
  case encoder(SentenceEncoder)
  /// 100 x LongBench's F1 over words, for a machine without an encoder.
  case questionF1

  /// What columns call it.
  var name: String {
    switch self {
    case .encoder(let encoder): encoder.name.lowercased().contains("minilm") ? "minilm" : encoder.name
    case .questionF1: LongBenchMetric.questionF1.rawValue
    }
  }

  /// The likeness of each pair of texts; a text is embedded once, however often it occurs.
  ///
  /// An encoder sees the first window of a text, 256 word pieces for MiniLM.
  ///
  /// - Parameter progress: called with the texts that are done, and all.
  /// - Throws: `RuntimeProblem` K651, `CancellationError`.
  func scores(_ pairs: [(String, String)], progress: (Int, Int) -> Void) throws -> [Double] {
    switch self {
    case .questionF1:
      return pairs.map { 100 * (LongBenchMetric.questionF1.score($0.0, $0.1) ?? 0) }
    case .encoder(let encoder):
      var places: [String: Int] = [:]
      var texts: [String] = []
      for text in pairs.flatMap({ [$0.0, $0.1] }) where places[text] == nil {
        places[text] = texts.count
        texts.append(text)
      }
      var embeddings: [[Float]] = []
      embeddings.reserveCapacity(texts.count)
      let part = 32
      for start in stride(from: 0, to: texts.count, by: part) {
        progress(start, texts.count)
        embeddings += try encoder.embed(Array(texts[start..<min(texts.count, start + part)]))
      }
      return pairs.map { first, second in
        guard let a = places[first], let b = places[second] else { return 0 }
        return 100 * SentenceEncoder.cosine(embeddings[a], embeddings[b])
      }
    }
  }
}
