import Lang
import Runtime

extension Problem {
  /// A runtime problem at a place in the text.
  init(_ problem: RuntimeProblem, at span: Span?) {
    self.init(
      problem.code, seen: problem.seen, expected: problem.expected, suggestion: problem.suggestion,
      labels: span.map { [Label($0)] } ?? [])
  }
}

extension Call {
  /// Runs work of the runtime; its problems get the place of the argument, or of the stage.
  func placing<T>(at argument: String? = nil, _ work: () throws -> T) throws -> T {
    do {
      return try work()
    } catch let problem as RuntimeProblem {
      throw Problem(problem, at: argument.map(span(of:)) ?? span)
    }
  }

  /// Runs work whose problems lie in what came through the pipe.
  func placingAtInput<T>(_ work: () throws -> T) throws -> T {
    do {
      return try work()
    } catch let problem as RuntimeProblem {
      throw Problem(problem, at: inputSpan ?? span)
    }
  }
}

extension ProblemCatalogue {
  /// The codes of the language, the runtime and the shell.
  static let kvsh = ProblemCatalogue.language
    .adding(FormatProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(EngineProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(TensorProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(DatasetProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(MetricProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(RouteProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(EncoderProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(SegmentationProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(LengthPredictionProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(ChoiceProblems.all.map { Entry($0.code, $0.title, $0.explanation) })
    .adding(ShellProblems.all)
    .adding([
      Entry(
        "K501", "The store cannot be used",
        "Rows are kept in store.sqlite under KVSH_HOME as they finish. The folder must exist or be creatable, and be "
          + "writable. Another kvsh that holds the store for over ten seconds is reported the same way."),
      Entry(
        "K502", "No such model",
        "`models` lists the files in the models folder; a path to a .gguf file or to a folder with config.json works too."
      ),
      Entry("K503", "The file cannot be written", "`save` writes to the path you name; its folder must exist."),
      Entry(
        "K504", "The file cannot be read", "A path is taken from the current folder, or beside the importing script."),
      Entry(
        "K505", "The file's ending is not known",
        "`save` and `load` choose the format by the ending: .csv .json .jsonl .md for tables; .html .svg .vl.json .txt "
          + "and the table formats for plots."),
      Entry(
        "K711", "A policy's score has the wrong shape",
        "The score of a policy is one number a token: [kv_heads, tokens], or [tokens] for all heads alike. `norm(K, axis=-1)` "
          + "makes one number of each key."),
      Entry(
        "K712", "A policy's score is not finite",
        "NaN and infinity have no place among scores; the message names layer, head and token. The run stops there; finished "
          + "rows are kept."),
      Entry("K604", "KVSH_THREADS is not a number of threads", "Unset it to use all cores."),
      Entry(
        "K605", "There is nothing to compare",
        "Comparisons need rows of the baseline, `fp16`, and of another configuration, with the columns they compare."),
      Entry(
        "K617", "Not a folder of scores",
        "`load scores DIR` reads one NAME.jsonl a configuration, each line {\"task\": ..., \"id\": ..., \"score\": ...}."
      ),
      Entry(
        "K618", "No negative benchmark can be made",
        "`negatives per=sample | save \"x.longbench.json\"` copies the records of the negatives out of LongBench's files: "
          + "register them with `data add longbench PATH`."),
      Entry(
        "K670", "There is nothing to search for a break-even",
        "`breakeven` needs a method and lengths that the model's context holds: from= no greater than to=, and room for the "
          + "steps that are timed behind them."),
      Entry(
        "K671", "Not a table of speeds",
        "`plot throughput`, `plot speedup` and `plot attention` draw what `measure prefill`, `measure decode` and `breakeven` "
          + "yield; the message says which column is missing. `rename` gives a column of a file the name it should have."
      ),
      Entry(
        "K637", "There is nothing to predict from",
        "Predictions of throughput need measured times: `compress kivi | profile` measures those of this machine, and "
          + "from=FOLDER takes those that others published, as a clone of the second paper's artifact has them, or "
          + "examples/profile of a made-up machine."),
      Entry(
        "K639", "A profile of another machine or program",
        "Times hold for the machine, the model, the threads and the program they were measured with. The message says what "
          + "differs; `profile` measures anew, any=true takes the old times and says so with every answer."),
      Entry(
        "K652", "Controls of a greedy run",
        "The controls of `run` are the uncompressed cache at other temperatures and under other noise. At temperature 0 "
          + "nothing is drawn, so there is nothing to control: give a temperature, or leave them out."),
      Entry("K606", "No room for an answer", "`max` must leave room for a prompt in the model's context."),
    ])
}
