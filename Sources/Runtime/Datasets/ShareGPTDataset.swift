/// `sharegpt`: real conversations, chosen as vLLM's serving benchmark chooses them.
public struct ShareGPTDataset: Dataset {
  public init() {}

  public var card: DatasetCard {
    DatasetCard(
      name: "sharegpt",
      summary: "conversations of people with a chat assistant, chosen by vLLM's rule",
      doc: """
        The first turn of a conversation is the prompt, the second the reference answer. Conversations with two turns are \
        shuffled by Python's generator with `seed`, and the first n whose lengths fit are taken: the requests of a vLLM \
        ShareGPT benchmark with that seed, for the tokenizer of the model in use. Without a file of yours (data add \
        sharegpt PATH, or file=) the sample that comes with kvsh is used.
        """,
      parameters: [
        DatasetParameter(
          "n", .int, default: .int(1000), range: 1...1e6, doc: "requests; fewer if the file has fewer that fit"),
        DatasetParameter("seed", .int, default: .int(0), range: 0...4_294_967_295, doc: "shuffle and oversampling"),
        DatasetParameter(
          "output", .choiceOrInt(["eos", "reference"]), default: .string("eos"), range: 1...1e6,
          doc: "stop at the end of text, after exactly as many tokens as the reference has, or after this many"),
        DatasetParameter(
          "min_turns", .int, default: .int(2), range: 1...2,
          doc: "turns a conversation needs; 1 takes prompts that have no reference, which vLLM leaves out"),
        DatasetParameter(
          "min_len", .int, default: .int(4), range: 0...1e9, doc: "least tokens of prompt and reference"),
        DatasetParameter("max_prompt", .int, default: .int(1024), range: 1...1e9, doc: "most tokens of the prompt"),
        DatasetParameter(
          "max_total", .int, default: .int(2048), range: 1...1e9, doc: "most tokens of prompt and reference together"),
        DatasetParameter(
          "oversample", .bool, default: .bool(false), doc: "repeat accepted requests until there are n, as vLLM does"),
        DatasetParameter("file", .string, doc: "a ShareGPT JSON file to read in place of the registered one"),
      ],
      source: "user's file: ShareGPT_V3_unfiltered_cleaned_split.json of anon8231489123/ShareGPT_Vicuna_unfiltered; "
        + "bundled sample: written for kvsh",
      licence: "bundled sample: the licence of kvsh; a file of yours: its own")
  }

  public func validate(path: String) throws -> Int {
    let file = try ShareGPTFile(path: path)
    // A file of prompts alone is worth registering: min_turns=1 runs it.
    let count = file.conversations.count + file.loneTurns.count
    guard count > 0 else { throw noneUsable(file) }
    return count
  }

  public func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad {
    let own = arguments.string("file").map(DatasetRegistry.absolute) ?? source.registeredPath
    let file = try ShareGPTFile(path: own ?? BundledSample.path(home: source.home))
    let sampler = sampler(arguments)
    guard !file.conversations.isEmpty || (sampler.minTurns < 2 && !file.loneTurns.isEmpty) else {
      throw noneUsable(file)
    }
    let sample = try sampler.sample(file, countTokens: source.countTokens)
    var requests = sample.requests
    if arguments.string("output") == "reference" {
      for i in requests.indices {
        guard let length = requests[i].referenceTokens else { throw noReference(requests[i], in: file) }
        requests[i].output = .exactly(length)
      }
    }
    let counts =
      [
        DatasetLoad.Count("conversations in the file", file.conversations.count),
        DatasetLoad.Count("records without conversations", file.withoutConversations),
        DatasetLoad.Count("records with fewer than two turns", file.withTooFewTurns),
        DatasetLoad.Count("broken surrogate escapes (read as U+FFFD)", file.loneSurrogates),
      ]
      + ShareGPTSampler.Rejection.allCases.map {
        DatasetLoad.Count($0.rawValue.replacing("_", with: " "), sample.rejected[$0] ?? 0)
      }
    return DatasetLoad(
      requests: requests, asked: sample.asked, available: sample.accepted, path: file.path,
      isBundledSample: own == nil, counts: counts.filter { $0.count > 0 })
  }

  private func sampler(_ arguments: DatasetArguments) -> ShareGPTSampler {
    var sampler = ShareGPTSampler()
    sampler.requests = arguments.int("n") ?? sampler.requests
    sampler.seed = arguments.int("seed").flatMap { UInt32(exactly: $0) } ?? sampler.seed
    sampler.minTokens = arguments.int("min_len") ?? sampler.minTokens
    sampler.maxPromptTokens = arguments.int("max_prompt") ?? sampler.maxPromptTokens
    sampler.maxTotalTokens = arguments.int("max_total") ?? sampler.maxTotalTokens
    sampler.fixedOutputTokens = arguments.int("output")
    sampler.minTurns = arguments.int("min_turns") ?? sampler.minTurns
    sampler.oversample = arguments.bool("oversample") ?? sampler.oversample
    return sampler
  }

  private func noneUsable(_ file: ShareGPTFile) -> RuntimeProblem {
    var problem = DatasetProblems.nothingUsable(
      file.path,
      "records without `conversations`: \(file.withoutConversations), with fewer than two turns: \(file.withTooFewTurns)",
      expected: "at least one conversation with two turns")
    if !file.loneTurns.isEmpty { problem.suggestion = "min_turns=1 runs prompts without a reference" }
    return problem
  }

  private func noReference(_ request: Request, in file: ShareGPTFile) -> RuntimeProblem {
    DatasetProblems.badParameter(
      "output", of: card.name, got: "\"reference\" but '\(request.id)' has no second turn",
      expected: "eos, a whole number, or min_turns=2")
  }
}
