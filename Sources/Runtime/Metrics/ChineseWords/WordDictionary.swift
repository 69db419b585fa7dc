import Foundation

/// jieba's dictionary: how often each word occurs, and which texts begin a word.
///
/// Source: jieba 0.42.1, `Tokenizer.gen_pfdict`.
struct WordDictionary: Sendable {
  /// The text that a walk has read so far; 0 has read nothing.
  typealias Place = Int32

  /// The place behind a place and one more character: the place's number above 21 bits of the character.
  private var places: [UInt64: Place] = [:]
  /// Of the word that ends at each place; 0 where none does. // [places]
  private var frequencies: [Int] = [0]
  /// Of all lines together.
  private(set) var total = 0

  /// - Parameter path: a line a word: `word frequency tag`.
  /// - Throws: `RuntimeProblem` K683.
  init(path: String) throws {
    guard let data = FileManager.default.contents(atPath: path), let text = String(data: data, encoding: .utf8) else {
      throw SegmentationProblems.damaged(path, "it cannot be read as text")
    }
    // There are no more places than bytes, and `Place` counts them.
    guard data.count < 1 << 28 else { throw SegmentationProblems.damaged(path, "it has \(data.count) bytes") }
    places.reserveCapacity(600_000)
    frequencies.reserveCapacity(600_000)
    var reader = LineReader(path: path)
    for scalar in text.unicodeScalars { try reader.read(scalar, into: &self) }
    try reader.read("\n", into: &self)
    guard total > 0 else { throw SegmentationProblems.damaged(path, "it holds no word") }
  }

  /// The place behind another and one more character; nil if no word begins so.
  func place(behind place: Place, _ character: Unicode.Scalar) -> Place? { places[Self.key(place, character)] }

  /// How often the word that ends at a place occurs; 0 if none ends there.
  func frequency(at place: Place) -> Int { frequencies[Int(place)] }

  /// How often a word occurs; 0 for what is none.
  func frequency(of word: ArraySlice<Unicode.Scalar>) -> Int {
    var place: Place = 0
    for character in word {
      guard let next = self.place(behind: place, character) else { return 0 }
      place = next
    }
    return frequency(at: place)
  }

  private static func key(_ place: Place, _ character: Unicode.Scalar) -> UInt64 {
    UInt64(UInt32(bitPattern: place)) << 21 | UInt64(character.value)
  }

  private mutating func extend(_ place: Place, _ character: Unicode.Scalar) -> Place {
    let key = Self.key(place, character)
    if let known = places[key] { return known }
    let next = Place(truncatingIfNeeded: frequencies.count)
    places[key] = next
    frequencies.append(0)
    return next
  }

  /// Reads the file character by character: 350,000 lines are too many to cut into strings.
  private struct LineReader {
    private enum Part {
      case word, frequency, rest
    }

    let path: String
    private var line = 1
    private var part = Part.word
    private var place: Place = 0
    private var frequency: Int?

    init(path: String) { self.path = path }

    mutating func read(_ scalar: Unicode.Scalar, into dictionary: inout WordDictionary) throws {
      switch (scalar, part) {
      case ("\n", .word) where place == 0: line += 1
      case ("\n", _):
        guard let frequency else { throw SegmentationProblems.damaged(path, "line \(line) has no frequency") }
        let (total, isTooLarge) = dictionary.total.addingReportingOverflow(frequency)
        // A logarithm takes the total as a double, which is exact up to here.
        guard !isTooLarge, total < 1 << 53 else {
          throw SegmentationProblems.damaged(path, "line \(line): the frequencies are too large")
        }
        dictionary.total = total
        // A word that comes twice has its last frequency, though both are in the total.
        dictionary.frequencies[Int(place)] = frequency
        (line, part, place, self.frequency) = (line + 1, .word, 0, nil)
      case ("\r", _): break
      case (" ", .word):
        guard place != 0 else { throw SegmentationProblems.damaged(path, "line \(line) has no word") }
        part = .frequency
      case (_, .word): place = dictionary.extend(place, scalar)
      case (" ", .frequency): part = .rest
      case ("0"..."9", .frequency):
        let digit = Int(scalar.value) - 48
        let (tens, isTooLarge) = (frequency ?? 0).multipliedReportingOverflow(by: 10)
        guard !isTooLarge, tens < 1 << 53 else {
          throw SegmentationProblems.damaged(path, "line \(line): the frequencies are too large")
        }
        frequency = tens + digit
      case (_, .frequency): throw SegmentationProblems.damaged(path, "line \(line) has no frequency")
      case (_, .rest): break
      }
    }
  }
}
