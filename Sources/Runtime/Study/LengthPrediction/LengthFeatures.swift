import Foundation

/// What a length predictor reads of a prompt, before anything is run.
public struct LengthFeatures: Sendable {
  /// How the text itself becomes numbers.
  public enum Text: String, CaseIterable, Codable, Sendable {
    /// Embeddings of the first and of the last window of the prompt, one behind the other.
    case minilm
    /// Words and pairs of words, hashed: for a machine without an encoder.
    case hash
  }

  /// Buckets of the hashed words.
  static let buckets = 1 << 12
  /// Names of the numbers behind those of the text.
  public static let plain = ["ln(1 + prompt tokens)", "digits", "newlines", "code fence", "question mark"]

  /// Rows of features, one a prompt.
  ///
  /// - Parameters:
  ///   - encoder: nil hashes words.
  ///   - progress: called with the prompts that are done.
  /// - Throws: `RuntimeProblem` K651, K655; `CancellationError`.
  public static func rows(
    prompts: [String], promptTokens: [Int], encoder: SentenceEncoder?, progress: (Int) -> Void = { _ in }
  ) throws -> FeatureRows {
    var rows: [[Double]] = []
    rows.reserveCapacity(prompts.count)
    let part = 32
    for start in stride(from: 0, to: prompts.count, by: part) {
      progress(start)
      let places = start..<min(prompts.count, start + part)
      let texts = try encoder.map { try embedded(prompts[places], $0) } ?? prompts[places].map(hashed)
      for (place, text) in zip(places, texts) {
        rows.append(text + plain(prompts[place], tokens: promptTokens[place]))
      }
    }
    return try FeatureRows(rows)
  }

  private static func embedded(_ prompts: ArraySlice<String>, _ encoder: SentenceEncoder) throws -> [[Double]] {
    let windows = prompts.map(encoder.windows)
    let first = try encoder.embed(windows: windows.map(\.first))
    // A prompt of one window is embedded once.
    let long = windows.indices.filter { windows[$0].last != windows[$0].first }
    let last = Dictionary(
      uniqueKeysWithValues: zip(long, try encoder.embed(windows: long.map { windows[$0].last })))
    return first.indices.map { place in first[place].map(Double.init) + (last[place] ?? first[place]).map(Double.init) }
  }

  /// The numbers that need no encoder, in the order of `plain`.
  static func plain(_ prompt: String, tokens: Int) -> [Double] {
    var (characters, digits, newlines) = (0, 0, 0)
    var hasQuestion = false
    for scalar in prompt.unicodeScalars {
      characters += 1
      switch scalar {
      case "0"..."9": digits += 1
      case "\n": newlines += 1
      case "?", "\u{FF1F}": hasQuestion = true
      default: break
      }
    }
    let count = Double(max(characters, 1))
    return [
      log(1 + Double(max(tokens, 0))), Double(digits) / count, Double(newlines) / count,
      prompt.contains("```") ? 1 : 0, hasQuestion ? 1 : 0,
    ]
  }

  /// Signed counts of hashed words and pairs of words, ln(1 + count), of unit length. // [buckets]
  static func hashed(_ prompt: String) -> [Double] {
    let words = prompt.lowercased().unicodeScalars.split { !$0.properties.isAlphabetic && !("0"..."9").contains($0) }
      .map { Array(String(String.UnicodeScalarView($0)).utf8) }
    var counts = [Double](repeating: 0, count: buckets)
    func add(_ bytes: [UInt8]) {
      let hash = bytes.withUnsafeBufferPointer { WordCache.hash($0, 0..<$0.count) }
      // The sign from a bit that the bucket does not use, so that words which share a bucket cancel on average.
      counts[Int(truncatingIfNeeded: hash) & (buckets - 1)] += hash >> 40 & 1 == 0 ? 1 : -1
    }
    for (place, word) in words.enumerated() {
      add(word)
      if place > 0 { add(words[place - 1] + [UInt8(ascii: " ")] + word) }
    }
    let values = counts.map { $0 < 0 ? -log(1 - $0) : log(1 + $0) }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? values.map { $0 / length } : values
  }
}
