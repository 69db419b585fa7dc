/// `passkey`: a five-digit number hidden in filler, made as it is asked for.
public struct PasskeyDataset: Dataset {
  public init() {}

  public var card: DatasetCard {
    DatasetCard(
      name: "passkey",
      summary: "find the number that is hidden in a long text",
      doc: """
        A sentence with a key of random digits stands at some depth of a text of `tokens` tokens that says nothing else; \
        the prompt ends with the beginning of the answer. The score of an answer is 1 if its first number is the key, \
        else 0. Sample i depends on the seed and i alone. Unless they are given, temperature is 0 and the chat template \
        is left out, since the prompt is a text to be continued.
        """,
      parameters: [
        DatasetParameter("n", .int, default: .int(50), range: 1...1e5, doc: "samples"),
        DatasetParameter(
          "tokens", .int, default: .int(1_000), range: 100...1e6,
          doc: "tokens of the prompt, less what the next sentence would be too much"),
        NeedleDepth.parameter,
        DatasetParameter("digits", .int, default: .int(5), range: 1...18, doc: "digits of the key"),
        DatasetParameter("answer", .int, default: .int(16), range: 1...1_024, doc: "most tokens of an answer"),
        DatasetParameter("seed", .int, default: .int(0), range: 0...4_294_967_295, doc: "keys and filler"),
      ],
      source: "generated; sentences written for kvsh, the task after Mohtashami and Jaggi, Landmark Attention (2023)",
      licence: "the licence of kvsh", scoring: .firstNumber, temperature: 0, chat: false)
  }

  public func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad {
    let count = arguments.int("n") ?? 50
    let digits = arguments.int("digits") ?? 5
    let cutter = try FillerCutter(countTokens: source.countTokens)
    // With a word on either side: empty paragraphs would make one token of the line ends around them.
    let fixed = try source.countTokens(
      Self.prompt(["so", "so"], key: String(repeating: "0", count: digits), depth: 0.5))
    let requests = try (0..<count).map { sample in
      var random = PythonRandom(seed: arguments.int("seed") ?? 0, sample: sample)
      let depth = NeedleDepth.of(sample: sample, asked: arguments.float("depth"))
      let key = (0..<digits).map { String($0 == 0 ? 1 + random.below(9) : random.below(10)) }.joined()
      let filler = cutter.sentences(room: (arguments.int("tokens") ?? 1_000) - fixed, &random)
      let prompt = Self.prompt(filler, key: key, depth: depth)
      return Request(
        id: NeedleDepth.name(sample: sample, depth: depth), prompt: prompt, reference: key,
        promptTokens: try source.countTokens(prompt), referenceTokens: try source.countTokens(key),
        output: .atMost(arguments.int("answer") ?? 16), meta: ["depth": "\(depth)"])
    }
    return DatasetLoad(requests: requests, asked: count, available: count, path: "")
  }

  /// The end of the prompt is word for word the beginning of the needle, down to "number": behind "The pass key is" alone
  /// small models go on in words ("a key that opens the door"), behind this a 135M model finds the key (docs/measuring.md).
  private static func prompt(_ filler: [String], key: String, depth: Double) -> String {
    let place = Int((Double(filler.count) * depth).rounded())
    return """
      A pass key is hidden in the following text. Find it and remember it.

      \(filler[..<place].joined(separator: " "))

      The pass key is the number \(key). Remember it. The pass key is the number \(key).

      \(filler[place...].joined(separator: " "))

      What is the pass key? The pass key is the number
      """
  }
}
