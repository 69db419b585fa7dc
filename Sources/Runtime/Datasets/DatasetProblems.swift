/// The problems a data set can have: codes K401 to K499 (a file that cannot be opened is K201).
public enum DatasetProblems {
  /// A row of `help K4xx`.
  public struct Entry: Sendable, Equatable {
    public var code: String
    public var title: String
    public var explanation: String
  }

  public static let all: [Entry] = [
    Entry(
      code: "K401", title: "unknown data set",
      explanation: "`run NAME` takes a data set of kvsh or a name given to `data add NAME PATH`; `data` lists both."),
    Entry(
      code: "K402", title: "no file given",
      explanation: "This data set reads a file of yours: file=\"PATH\", or register one with `data add NAME PATH`."),
    Entry(
      code: "K403", title: "not valid JSON",
      explanation:
        "The file breaks the JSON grammar or is not UTF-8. Records count from 1, bytes from 0. A file that is cut short "
        + "is usually a download that did not finish."),
    Entry(
      code: "K404", title: "a record has the wrong shape",
      explanation:
        "The JSON is valid but a record is not what the data set needs. ShareGPT: one array of objects "
        + "{\"id\": ..., \"conversations\": [{\"from\": ..., \"value\": ...}, ...]}; the first two turns of a "
        + "conversation need a string `value`. Prompts: one object {\"prompt\": ..., \"reference\": ...} a line."),
    Entry(
      code: "K405", title: "nothing to run",
      explanation: "The file is empty, or none of its records can be used (ShareGPT needs two turns in a conversation)."
    ),
    Entry(
      code: "K406", title: "bad parameter of a data set",
      explanation: "`help NAME` lists the parameters of a data set with their kinds, defaults and ranges."),
    Entry(
      code: "K407", title: "name cannot be registered",
      explanation:
        "A name is a letter followed by letters, digits, `-` or `_`, at most 64 of them. A data set that is generated "
        + "has no file."),
    Entry(
      code: "K408", title: "the register of data sets is damaged",
      explanation:
        "$KVSH_HOME/data.json holds what `data add` registered. Repair it or delete it and add the files again; the "
        + "data files themselves are elsewhere and are not touched."),
    Entry(
      code: "K409", title: "the register of data sets cannot be written",
      explanation: "$KVSH_HOME must be a folder that can be written; `data add` replaces data.json in one step."),
    Entry(
      code: "K410", title: "the bundled sample is missing",
      explanation:
        "The sample conversations and the text are installed beside the program. Install kvsh again, or register a ShareGPT file "
        + "of your own: data add sharegpt PATH."),
    Entry(
      code: "K411", title: "no such LongBench task",
      explanation:
        "A file of LongBench is named for its task (qasper.jsonl), or its records say it in `dataset`; a folder "
        + "holds one file a task. `help longbench` lists the tasks."),
  ]

  static func unknown(_ name: String, known: [String]) -> RuntimeProblem {
    RuntimeProblem(
      "K401", seen: "there is no data set '\(name)'", expected: "one of \(known.joined(separator: ", "))",
      suggestion: "register a file with: data add \(name) PATH")
  }

  /// A failure of the scanner, placed: "record 17 (byte 40,213)"; `record` 0 is before the first.
  static func invalid(
    _ path: String, _ failure: JSONByteScanner.Failure, record: Int, unit: String = "record"
  ) -> RuntimeProblem {
    let byte = "byte \(failure.offset.grouped)"
    let place = record == 0 ? byte : "\(unit) \(record.grouped) (\(byte))"
    return RuntimeProblem(
      failure.expected == nil ? "K403" : "K404", seen: "\(path): \(place): \(failure.what)",
      expected: failure.expected,
      suggestion: failure.isCutShort && unit == "record" ? "the file seems cut short; download it again" : nil)
  }

  static func nothingUsable(_ path: String, _ what: String, expected: String) -> RuntimeProblem {
    RuntimeProblem("K405", seen: "\(path): \(what)", expected: expected)
  }

  static func unknownParameter(_ name: String, of card: DatasetCard) -> RuntimeProblem {
    RuntimeProblem(
      "K406", seen: "\(card.name) has no parameter '\(name)'",
      expected: "one of \(card.parameters.map(\.name).joined(separator: ", "))")
  }

  static func badParameter(_ name: String, of dataset: String, got: String, expected: String) -> RuntimeProblem {
    RuntimeProblem("K406", seen: "\(dataset) \(name)=\(got)", expected: expected)
  }

  static func badName(_ name: String, _ what: String, expected: String) -> RuntimeProblem {
    RuntimeProblem("K407", seen: "'\(name)' \(what)", expected: expected)
  }

  static func readsNoFile(_ dataset: String) -> RuntimeProblem {
    RuntimeProblem(
      "K407", seen: "\(dataset) is generated and reads no file", expected: "another name for the file",
      suggestion: "data add my-prompts PATH")
  }

  static func damagedRegister(_ path: String, _ what: String) -> RuntimeProblem {
    RuntimeProblem(
      "K408", seen: "\(path): \(what)", suggestion: "repair the file, or delete it and add your data files again")
  }

  static func unwritableRegister(_ path: String, _ reason: String) -> RuntimeProblem {
    RuntimeProblem("K409", seen: "\(path): \(reason)", suggestion: "set KVSH_HOME to a folder you can write to")
  }

  static func sampleMissing(_ tried: [String]) -> RuntimeProblem {
    RuntimeProblem(
      "K410", seen: "the bundled sharegpt sample is not at \(tried.joined(separator: ", "))",
      suggestion: "install kvsh again, or: data add sharegpt PATH")
  }

  static func damagedResource(_ path: String) -> RuntimeProblem {
    RuntimeProblem(
      "K410", seen: "\(path) is not the table that comes with kvsh", suggestion: "install kvsh again")
  }

  static func unknownTask(_ path: String, _ name: String, known: [String]) -> RuntimeProblem {
    RuntimeProblem(
      "K411", seen: "\(path): '\(name)' is no task of LongBench", expected: "one of \(known.joined(separator: ", "))")
  }

  static func rowMissing(_ path: String, _ task: String, _ row: Int) -> RuntimeProblem {
    RuntimeProblem(
      "K411", seen: "\(path): \(task) has no row \(row)", expected: "the files that the scores were made on")
  }

  static func taskMissing(_ path: String, _ name: String, there: [String]) -> RuntimeProblem {
    RuntimeProblem(
      "K411", seen: "\(path) has no records of \(name)", expected: "one of \(there.joined(separator: ", "))",
      suggestion: "put \(name).jsonl there")
  }

  static func textMissing(_ name: String, _ tried: [String]) -> RuntimeProblem {
    RuntimeProblem(
      "K410", seen: "the bundled text \(name) is not at \(tried.joined(separator: ", "))",
      suggestion: "install kvsh again, or name a text of your own")
  }

  static func fileNeeded(_ dataset: String) -> RuntimeProblem {
    RuntimeProblem(
      "K402", seen: "\(dataset) has no file to read",
      suggestion: "run \(dataset) file=\"PATH\", or: data add \(dataset) PATH")
  }
}
