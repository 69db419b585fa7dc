/// `prompts`: a file of the user, plain text with one prompt a line or JSON Lines.
public struct PromptsDataset: Dataset {
  public init() {}

  public var card: DatasetCard {
    DatasetCard(
      name: "prompts",
      summary: "prompts from a file of yours, in file order",
      doc: """
        Plain text with one prompt a line, or JSON Lines with objects {"id": ..., "prompt": ..., "reference": ...} of which \
        only `prompt` is needed. Blank lines are skipped; nothing is shuffled or left out for its length.
        """,
      parameters: [
        DatasetParameter("file", .string, doc: "the file to read in place of the registered one"),
        DatasetParameter("n", .int, range: 1...1e6, doc: "the first n prompts (all of them if not given)"),
        DatasetParameter(
          "format", .choice(["auto", "text", "jsonl"]), default: .string("auto"),
          doc: "auto: JSON Lines if the name ends in .jsonl, .ndjson or .json, or the first line is such an object"),
      ],
      source: "a file of yours", licence: "its own")
  }

  public func validate(path: String) throws -> Int {
    try PromptFile(path: path).prompts.count
  }

  public func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad {
    guard let path = arguments.string("file").map(DatasetRegistry.absolute) ?? source.registeredPath else {
      throw DatasetProblems.fileNeeded(card.name)
    }
    let form = arguments.string("format").flatMap { PromptFile.Form(rawValue: $0) }
    let file = try PromptFile(path: path, form: form)
    let asked = arguments.int("n")
    var timesSeen: [String: Int] = [:]
    let requests = try file.prompts.prefix(asked ?? file.prompts.count).map { prompt in
      Request(
        id: ShareGPTSampler.distinct(prompt.id ?? "line \(prompt.line)", &timesSeen), prompt: prompt.text,
        reference: prompt.reference, promptTokens: try source.countTokens(prompt.text),
        referenceTokens: try prompt.reference.map(source.countTokens), meta: ["line": "\(prompt.line)"])
    }
    return DatasetLoad(requests: requests, asked: asked, available: requests.count, path: path)
  }
}
