/// `longbench`: long questions of 21 tasks with known answers, prompted and scored as LongBench does.
public struct LongBenchDataset: Dataset {
  public init() {}

  /// The names of the tasks, as `task=` takes them; the table itself is read when a run needs it.
  static let taskNames = [
    "narrativeqa", "qasper", "multifieldqa_en", "multifieldqa_zh", "hotpotqa", "2wikimqa", "musique", "dureader",
    "gov_report", "qmsum", "multi_news", "vcsum", "trec", "triviaqa", "samsum", "lsht", "passage_count",
    "passage_retrieval_en", "passage_retrieval_zh", "lcc", "repobench-p", "qasper_e", "multifieldqa_en_e", "hotpotqa_e",
    "2wikimqa_e", "gov_report_e", "multi_news_e", "trec_e", "triviaqa_e", "samsum_e", "passage_count_e",
    "passage_retrieval_en_e", "lcc_e", "repobench-p_e",
  ]

  public var card: DatasetCard {
    DatasetCard(
      name: "longbench",
      summary: "long documents with questions and known answers: LongBench's 21 tasks, scored as it scores them",
      doc: """
        Reads a folder of NAME.jsonl files, one such file, or a negative benchmark that `save` made. Prompts, answer \
        lengths and metrics are LongBench's; a prompt longer than max_length loses its middle before the chat template \
        is put around it; few-shot and code tasks stand in no template. Samples are named TASK/ROW, rows counted from 0.

        Deviates: samsum is not stopped at the first newline; its first line is scored all the same. The Chinese tasks \
        that are scored over words (multifieldqa_zh, dureader, vcsum) need jieba's dictionary, which scripts/setup \
        fetches; without it their answers have no score, and `run` says so.
        """,
      parameters: [
        DatasetParameter("task", .words(Self.taskNames), doc: "the tasks to run (all that are there if not given)"),
        DatasetParameter("n", .int, range: 1...1e6, doc: "the first n samples of each task (all if not given)"),
        DatasetParameter(
          "max_length", .int, range: 2...1e7,
          doc: "longest prompt in tokens before the template; LongBench's for the model's context if not given"),
        DatasetParameter(
          "similarity", .choice(CodeSimilarity.allCases.map(\.rawValue)),
          default: .string(CodeSimilarity.levenshtein.rawValue),
          doc: "how lines of code are compared: the second paper's way, or difflib's, LongBench's own requirement"),
        DatasetParameter("file", .string, doc: "a folder or file to read in place of the registered one"),
      ],
      source: "user's folder: LongBench (Bai et al. 2023), THUDM/LongBench on Hugging Face; prompts and lengths: its "
        + "config files (MIT)",
      licence: "your files' own", temperature: 0)
  }

  public func validate(path: String) throws -> Int {
    let tasks = try LongBenchTasks.bundled(home: nil)
    let files = try LongBenchFiles(path: path, tasks: tasks)
    let count = try files.taskNames.reduce(0) { try $0 + files.records(of: $1).count }
    guard count > 0 else { throw DatasetProblems.nothingUsable(path, "there are no records", expected: "at least one") }
    return count
  }

  public func load(_ arguments: DatasetArguments, from source: DatasetSource) throws -> DatasetLoad {
    guard let path = arguments.string("file").map(DatasetRegistry.absolute) ?? source.registeredPath else {
      throw DatasetProblems.fileNeeded(card.name)
    }
    let tasks = try LongBenchTasks.bundled(home: source.home)
    let files = try LongBenchFiles(path: path, tasks: tasks)
    let limit = arguments.int("n")
    let maxLength =
      arguments.int("max_length") ?? source.contextTokens.map { tasks.truncation.maxLength(forContext: $0) }
    let similarity = arguments.string("similarity").flatMap { CodeSimilarity(rawValue: $0) } ?? .levenshtein
    var requests: [Request] = []
    var shortened = 0
    for name in arguments.words("task") ?? files.taskNames {
      guard files.taskNames.contains(name), let task = tasks.task(name) else {
        throw DatasetProblems.taskMissing(path, name, there: files.taskNames)
      }
      for record in try files.records(of: name, limit: limit ?? .max) {
        var prompt = task.filled(context: record.context, input: record.input)
        if let maxLength, let cut = try source.cutMiddle(prompt, maxLength) {
          prompt = cut
          shortened += 1
        }
        requests.append(
          Request(
            id: "\(name)/\(record.row)", prompt: prompt, reference: record.answers.first,
            promptTokens: try source.countTokens(prompt), output: .atMost(task.maxNew), chat: task.chat ? nil : false,
            judgement: LongBenchJudgement(
              metric: task.metric, answers: record.answers, classes: record.classes, firstLine: task.firstLine,
              similarity: similarity),
            meta: ["task": name, "type": task.type, "length": record.length.map(String.init) ?? ""]))
      }
    }
    guard !requests.isEmpty else {
      throw DatasetProblems.nothingUsable(path, "the tasks asked for have no records", expected: "at least one")
    }
    return DatasetLoad(
      requests: requests, asked: nil, available: requests.count, path: path,
      counts: [DatasetLoad.Count("prompts that lost their middle", shortened)].filter { $0.count > 0 })
  }
}
