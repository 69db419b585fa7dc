/// The one pass over a ShareGPT file that finds its conversations.
struct ShareGPTReader {
  private(set) var conversations: [ShareGPTFile.Conversation] = []
  private(set) var loneTurns: [ShareGPTFile.Conversation] = []
  private(set) var withoutConversations = 0
  private(set) var withTooFewTurns = 0

  private let path: String
  private var scanner: JSONByteScanner
  var loneSurrogates: Int { scanner.loneSurrogates }
  /// Number of the element being read, from 1; 0 before the first.
  private var record = 0

  private typealias Failure = JSONByteScanner.Failure
  private static let arrayForm = "a JSON array of conversations: [{\"id\": ..., \"conversations\": [...]}, ...]"
  private static let turnForm = "an object {\"from\": ..., \"value\": \"text\"}"

  /// `bytes` must outlive the reader; `path` is for messages.
  init(_ bytes: UnsafeRawBufferPointer, path: String) {
    self.path = path
    scanner = JSONByteScanner(bytes)
  }

  /// - Throws: K403, K404, K405.
  mutating func read() throws {
    do {
      try checkStart()
      try readArray()
    } catch let failure as Failure {
      throw DatasetProblems.invalid(path, failure, record: record)
    }
    if record == 0 {
      throw DatasetProblems.nothingUsable(path, "the array is empty", expected: "at least one conversation")
    }
  }

  private mutating func checkStart() throws {
    if scanner.bytes.starts(with: [0xef, 0xbb, 0xbf]) { scanner.advance(3) }
    if scanner.bytes.starts(with: [0xff, 0xfe]) || scanner.bytes.starts(with: [0xfe, 0xff]) {
      throw Failure(offset: 0, what: "the text is UTF-16, not UTF-8")
    }
    scanner.skipWhitespace()
    guard let first = scanner.current else {
      throw DatasetProblems.nothingUsable(path, "the file is empty", expected: Self.arrayForm)
    }
    guard first == UInt8(ascii: "[") else {
      throw scanner.wrongKind("the file", expected: Self.arrayForm)
    }
  }

  private mutating func readArray() throws(Failure) {
    scanner.advance()
    scanner.skipWhitespace()
    if !scanner.take(UInt8(ascii: "]")) {
      while true {
        record += 1
        scanner.skipWhitespace()
        note(try Self.readElement(&scanner))
        scanner.skipWhitespace()
        if scanner.take(UInt8(ascii: "]")) { break }
        guard scanner.take(UInt8(ascii: ",")) else { throw scanner.unexpected("',' or ']' after a record") }
      }
    }
    scanner.skipWhitespace()
    guard scanner.current == nil else { throw scanner.unexpected("nothing more after the array") }
  }

  private mutating func note(_ element: Element) {
    guard let turns = element.turns else {
      withoutConversations += 1
      return
    }
    if turns.count < 2 { withTooFewTurns += 1 }
    guard let prompt = turns.first else { return }
    let conversation = ShareGPTFile.Conversation(
      record: record, turns: turns.count, id: element.id, prompt: prompt, reference: turns.second)
    if turns.count < 2 { loneTurns.append(conversation) } else { conversations.append(conversation) }
  }

  // MARK: One element

  private struct Element {
    var id: Range<Int>?
    var turns: TurnList?
  }

  private struct TurnList {
    var count = 0
    var first: Range<Int>?
    var second: Range<Int>?
  }

  private static func readElement(_ scanner: inout JSONByteScanner) throws(Failure) -> Element {
    guard scanner.current == UInt8(ascii: "{") else { throw scanner.wrongKind("the record", expected: "an object") }
    var element = Element()
    try scanner.eachMember(depth: 1) { (scanner, key) throws(Failure) in
      if scanner.isKey(key, "id") {
        element.id = try readID(&scanner)
      } else if scanner.isKey(key, "conversations") {
        element.turns = try readTurns(&scanner)
      } else {
        try scanner.skipValue(depth: 2)
      }
    }
    return element
  }

  /// A string's inside, or the bytes of any other value as written; nil for null.
  private static func readID(_ scanner: inout JSONByteScanner) throws(Failure) -> Range<Int>? {
    if scanner.current == UInt8(ascii: "\"") { return try scanner.skipString() }
    let isNull = scanner.current == UInt8(ascii: "n")
    let start = scanner.offset
    try scanner.skipValue(depth: 2)
    return isNull ? nil : start..<scanner.offset
  }

  private static func readTurns(_ scanner: inout JSONByteScanner) throws(Failure) -> TurnList {
    guard scanner.current == UInt8(ascii: "[") else {
      throw scanner.wrongKind("`conversations`", expected: "an array of turns")
    }
    var list = TurnList()
    // Held back until it is known that the conversation counts: of a lone turn nothing is asked.
    var problem: Failure?
    try scanner.eachElement(depth: 2) { (scanner) throws(Failure) in
      defer { list.count += 1 }
      guard list.count < 2, problem == nil else { return try scanner.skipValue(depth: 3) }
      switch try readTurn(&scanner, number: list.count) {
      case .success(let range): if list.count == 0 { list.first = range } else { list.second = range }
      case .failure(let failure): problem = failure
      }
    }
    if list.count >= 2, let problem { throw problem }
    return list
  }

  /// The bytes of a turn's `value`; throws for grammar, returns what is wrong with the shape.
  private static func readTurn(
    _ scanner: inout JSONByteScanner, number: Int
  ) throws(Failure) -> Result<Range<Int>, Failure> {
    guard scanner.current == UInt8(ascii: "{") else {
      let failure = scanner.wrongKind("turn \(number)", expected: turnForm)
      try scanner.skipValue(depth: 3)
      return .failure(failure)
    }
    let missing = Failure(offset: scanner.offset, what: "turn \(number) has no `value`", expected: turnForm)
    var value: Result<Range<Int>, Failure> = .failure(missing)
    try scanner.eachMember(depth: 3) { (scanner, key) throws(Failure) in
      guard scanner.isKey(key, "value") else { return try scanner.skipValue(depth: 4) }
      if scanner.current == UInt8(ascii: "\"") {
        value = .success(try scanner.skipString())
      } else {
        value = .failure(scanner.wrongKind("`value` of turn \(number)", expected: "a string"))
        try scanner.skipValue(depth: 4)
      }
    }
    return value
  }
}
