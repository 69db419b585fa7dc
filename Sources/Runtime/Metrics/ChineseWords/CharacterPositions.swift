/// Where in words the characters of a text stand that the dictionary does not know: a hidden Markov model over beginning,
/// middle, end and single, its likeliest path found by Viterbi's algorithm.
///
/// Source: jieba 0.42.1, `finalseg`.
struct CharacterPositions: Sendable {
  /// In the order of their letters, by which jieba settles equal probabilities.
  enum Position: Int, CaseIterable {
    case begin, end, middle, single

    var letter: String { ["B", "E", "M", "S"][rawValue] }

    /// Those that may stand before.
    var before: (Position, Position) {
      switch self {
      case .begin, .single: (.end, .single)
      case .middle, .end: (.begin, .middle)
      }
    }
  }

  /// jieba's logarithm of no probability.
  private static let never = -3.14e100

  // [positions]
  private let start: [Double]
  // [positions, positions]
  private let steps: [[Double]]
  // [positions]
  private let characters: [[Unicode.Scalar: Double]]

  /// - Parameter folder: holds `prob_start.py`, `prob_trans.py` and `prob_emit.py`.
  /// - Throws: `RuntimeProblem` K683.
  init(folder: String) throws {
    let positions = Position.allCases
    let start = PythonTable.numbers(.table(try PythonTable.read(folder + "/prob_start.py")))
    let steps = try PythonTable.read(folder + "/prob_trans.py")
    let characters = try PythonTable.read(folder + "/prob_emit.py")
    self.start = positions.map { start[$0.letter] ?? Self.never }
    self.steps = positions.map { from in
      let row = PythonTable.numbers(steps[from.letter])
      return positions.map { row[$0.letter] ?? Self.never }
    }
    self.characters = positions.map { position in
      let named = PythonTable.numbers(characters[position.letter])
      return Dictionary(
        named.compactMap { name, value in
          name.unicodeScalars.count == 1 ? name.unicodeScalars.first.map { ($0, value) } : nil
        }, uniquingKeysWith: { $1 })
    }
    for position in positions where self.characters[position.rawValue].isEmpty {
      throw SegmentationProblems.damaged(folder + "/prob_emit.py", "it has nothing under \(position.letter)")
    }
  }

  /// The words of a run of Chinese characters.
  func words(_ text: ArraySlice<Unicode.Scalar>) -> [ArraySlice<Unicode.Scalar>] {
    let path = path(text)
    var words: [ArraySlice<Unicode.Scalar>] = []
    var (first, next) = (text.startIndex, text.startIndex)
    for (place, position) in zip(text.indices, path) {
      switch position {
      case .begin: first = place
      case .middle: break
      case .end, .single:
        words.append(text[(position == .single ? place : first)...place])
        next = place + 1
      }
    }
    if next < text.endIndex { words.append(text[next...]) }
    return words
  }

  /// The likeliest positions. // [characters]
  private func path(_ text: ArraySlice<Unicode.Scalar>) -> [Position] {
    guard let head = text.first else { return [] }
    var weights = Position.allCases.map { start[$0.rawValue] + emission($0, head) }
    // What each position's best path came from. // [characters - 1, positions]
    var origins: [[Position]] = []
    for character in text.dropFirst() {
      var (grown, from) = ([Double](), [Position]())
      for position in Position.allCases {
        let emission = emission(position, character)
        let (first, second) = position.before
        let ways = [first, second].map { ($0, weights[$0.rawValue] + steps[$0.rawValue][position.rawValue] + emission) }
        let best = ways[1].1 >= ways[0].1 ? ways[1] : ways[0]
        grown.append(best.1)
        from.append(best.0)
      }
      weights = grown
      origins.append(from)
    }
    var position: Position = weights[Position.single.rawValue] >= weights[Position.end.rawValue] ? .single : .end
    var path = [position]
    for from in origins.reversed() {
      position = from[position.rawValue]
      path.append(position)
    }
    return path.reversed()
  }

  private func emission(_ position: Position, _ character: Unicode.Scalar) -> Double {
    characters[position.rawValue][character] ?? Self.never
  }
}
