import Foundation

/// What tells the type of a prompt's task: the words at its two ends, where instructions and questions stand, and the shape
/// of its text.
public enum TaskFeatures {
  /// Characters read at each end; the middle of a long prompt is its material, not its task.
  static let windowCharacters = 1_500
  /// Buckets of the hashed words of each end.
  static let buckets = 1 << 11
  /// Numbers of the shape, behind the words of both ends.
  static let shapes = 9
  static let width = 2 * buckets + shapes
  /// The shape weighs as much as this share of an end's words.
  private static let shapeWeight = 0.1

  /// What is read of a prompt: the same whether its middle was cut out to fit a model's context or not.
  public static func ends(_ prompt: String) -> String {
    let scalars = prompt.unicodeScalars
    guard scalars.count > 2 * windowCharacters else { return prompt }
    return String(scalars.prefix(windowCharacters)) + String(scalars.suffix(windowCharacters))
  }

  /// One row a prompt; words of an end have unit length together. // [prompts, width]
  static func rows(_ prompts: [String]) -> FeatureRows {
    FeatureRows(width: width, numbers: prompts.flatMap(row))
  }

  static func row(_ prompt: String) -> [Double] {
    let scalars = Array(prompt.unicodeScalars)
    let head = scalars.prefix(windowCharacters)
    let tail = scalars.suffix(windowCharacters)
    return hashed(head) + hashed(tail) + shape(scalars)
  }

  /// Counts of hashed words and pairs of words, ln(1 + count), of unit length; a character without spaces around it, as in
  /// Chinese, is a word. // [buckets]
  static func hashed(_ text: ArraySlice<Unicode.Scalar>) -> [Double] {
    var counts = [Double](repeating: 0, count: buckets)
    var before: UInt64?
    func add(_ hash: UInt64) { counts[Int(truncatingIfNeeded: hash >> 20) & (buckets - 1)] += 1 }
    var word = offset
    var isWord = false
    func end() {
      guard isWord else { return }
      add(mixed(word))
      if let before { add(mixed(before &* 31 &+ word)) }
      before = word
      (word, isWord) = (offset, false)
    }
    for scalar in text {
      if scalar.value < 0x2e80, scalar.properties.isAlphabetic || ("0"..."9").contains(scalar) {
        // Digits are alike: numbers say nothing about a task, that there are some does.
        let letter = ("0"..."9").contains(scalar) ? 48 : UInt64(lowered(scalar))
        word = (word ^ letter) &* prime
        isWord = true
      } else {
        end()
        guard scalar != " " else { continue }
        word = (offset ^ UInt64(scalar.value)) &* prime
        isWord = true
        end()
      }
    }
    end()
    let values = counts.map { log(1 + $0) }
    let length = values.reduce(0) { $0 + $1 * $1 }.squareRoot()
    return length > 0 ? values.map { $0 / length } : values
  }

  // FNV-1a.
  private static let offset: UInt64 = 0xcbf2_9ce4_8422_2325
  private static let prime: UInt64 = 0x100_0000_01b3

  /// Its last bits alone are poorly spread.
  private static func mixed(_ hash: UInt64) -> UInt64 {
    let half = (hash ^ (hash >> 33)) &* 0xff51_afd7_ed55_8ccd
    return half ^ (half >> 33)
  }

  private static func lowered(_ scalar: Unicode.Scalar) -> UInt32 {
    ("A"..."Z").contains(scalar) ? scalar.value + 32 : scalar.value
  }

  /// Length and shares of kinds of characters over the whole text, each between 0 and about 1. // [shapes]
  static func shape(_ text: [Unicode.Scalar]) -> [Double] {
    var (digits, lines, symbols, colons, indented, foreign, capitals) = (0, 0, 0, 0, 0, 0, 0)
    var previous: Unicode.Scalar = "\n"
    for scalar in text {
      switch scalar {
      case "0"..."9": digits += 1
      case "\n": lines += 1
      case "{", "}", "(", ")", ";", "=", "_", "[", "]", "<", ">": symbols += 1
      case ":": colons += 1
      case " ", "\t": if previous == "\n" { indented += 1 }
      case "A"..."Z": capitals += 1
      default: if scalar.value > 0x2e80 { foreign += 1 }
      }
      previous = scalar
    }
    let count = Double(max(text.count, 1))
    let asks = text.suffix(200).contains { $0 == "?" || $0 == "\u{FF1F}" }
    return [
      log(1 + Double(text.count)) / 12, Double(digits) / count * 5, Double(lines) / count * 10,
      Double(symbols) / count * 10, Double(colons) / count * 20, Double(indented) / Double(lines + 1),
      Double(foreign) / count, Double(capitals) / count * 5, asks ? 1 : 0,
    ].map { min($0, 2) * shapeWeight.squareRoot() }
  }
}
