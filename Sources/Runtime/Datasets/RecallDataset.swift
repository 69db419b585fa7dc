/// `recall`: a list of names with numbers, and a question about one of them, made as it is asked for.
public struct RecallDataset: Dataset {
  public init() {}

  public var card: DatasetCard {
    DatasetCard(
      name: "recall",
      summary: "look a number up in a list of pairs",
      doc: """
        Lines of two words and a number of four digits; the prompt ends with the beginning of the line of one pair, asked \
        for again. Every line could be the one, so a cache that keeps some tokens only loses in proportion, unlike in \
        passkey, where one sentence stands out. The score of an answer is 1 if its first number is the pair's, else 0. \
        Sample i depends on the seed and i alone. Unless they are given, temperature is 0 and the chat template is left \
        out, since the prompt is a text to be continued.
        """,
      parameters: [
        DatasetParameter("n", .int, default: .int(50), range: 1...1e5, doc: "samples"),
        DatasetParameter("pairs", .int, range: 1...1_600, doc: "pairs of the list; not given: as many as fit"),
        DatasetParameter(
          "tokens", .int, default: .int(1_000), range: 100...1e6,
          doc: "most tokens of the prompt, if `pairs` does not say how many pairs there are"),
        NeedleDepth.parameter,
        DatasetParameter("answer", .int, default: .int(12), range: 1...1_024, doc: "most tokens of an answer"),
        DatasetParameter("seed", .int, default: .int(0), range: 0...4_294_967_295, doc: "names, numbers, order"),
      ],
      source: "generated; words chosen for kvsh, the task after Liu et al., Lost in the Middle (2023), 5",
      licence: "the licence of kvsh", scoring: .firstNumber, temperature: 0, chat: false)
  }

  public func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad {
    let count = arguments.int("n") ?? 50
    let requests = try (0..<count).map { sample in
      var random = PythonRandom(seed: arguments.int("seed") ?? 0, sample: sample)
      let depth = NeedleDepth.of(sample: sample, asked: arguments.float("depth"))
      let pairs = try pairs(arguments, source, &random)
      let asked = pairs[Int((Double(pairs.count - 1) * depth).rounded())]
      let prompt = Self.prompt(pairs, asked: asked.name)
      return Request(
        id: NeedleDepth.name(sample: sample, depth: depth), prompt: prompt, reference: asked.number,
        promptTokens: try source.countTokens(prompt), referenceTokens: try source.countTokens(asked.number),
        output: .atMost(arguments.int("answer") ?? 12), meta: ["depth": "\(depth)", "pairs": "\(pairs.count)"])
    }
    return DatasetLoad(requests: requests, asked: count, available: count, path: "")
  }

  /// Pairs of distinct names; at least one.
  private func pairs(
    _ arguments: DatasetArguments, _ source: DatasetSource, _ random: inout PythonRandom
  ) throws -> [(name: String, number: String)] {
    var names = Self.colours.flatMap { colour in Self.things.map { "\(colour) \($0)" } }
    random.shuffle(&names)
    let pairs = names.map { name in (name: name, number: String(1_000 + random.below(9_000))) }
    if let wanted = arguments.int("pairs") { return Array(pairs.prefix(wanted)) }
    let empty = try source.countTokens(Self.prompt([], asked: pairs[0].name))
    var left = (arguments.int("tokens") ?? 1_000) - empty
    var fitting = 0
    let word = try source.countTokens("so")
    for pair in pairs {
      left -= max(1, try source.countTokens("so\n" + Self.line(pair)) - word)
      if left < 0 { break }
      fitting += 1
    }
    return Array(pairs.prefix(max(1, fitting)))
  }

  private static func line(_ pair: (name: String, number: String)) -> String { "\(pair.name): \(pair.number)" }

  private static func prompt(_ pairs: [(name: String, number: String)], asked: String) -> String {
    "Here is a list of items and their numbers.\n\n" + pairs.map(line).joined(separator: "\n")
      + "\n\nThe number of an item again, copied from the list:\n\(asked):"
  }

  private static let colours = [
    "amber", "ash", "azure", "black", "blue", "bronze", "brown", "copper", "coral", "cream", "crimson", "dark", "fair",
    "golden", "green", "grey", "indigo", "iron", "ivory", "jade", "lemon", "light", "lilac", "lime", "maroon", "mint",
    "navy", "olive", "orange", "pale", "pink", "plum", "purple", "red", "rose", "ruby", "silver", "tan", "white",
    "yellow",
  ]

  private static let things = [
    "anchor", "apple", "arrow", "basket", "bell", "boat", "book", "bottle", "bowl", "box", "bridge", "brush", "button",
    "candle", "chair", "clock", "cloud", "coat", "coin", "cup", "desk", "door", "drum", "feather", "flag", "flute",
    "gate", "glove", "hammer", "hat", "horn", "kettle", "key", "kite", "ladder", "lamp", "leaf", "mirror", "needle",
    "wheel",
  ]
}
