import Foundation

/// Where LongBench's records are: a folder of NAME.jsonl, one such file, or one object {"NAME": [records], ...}.
///
/// The object is the form of a negative benchmark (the second paper's `benchmark_neg_data_quant.json`).
public struct LongBenchFiles: Sendable {
  public let path: String
  private let places: [(task: String, place: Place)]

  private enum Place: Sendable {
    /// A file of one record a line.
    case lines(path: String)
    /// An array within the one file. // bytes
    case array(Range<Int>)
  }

  /// - Throws: K201 unreadable, K403 not JSON, K404 wrong shape, K405 no task in it.
  public init(path: String, tasks: LongBenchTasks) throws {
    self.path = path
    var isFolder: ObjCBool = false
    let names = tasks.names
    if FileManager.default.fileExists(atPath: path, isDirectory: &isFolder), isFolder.boolValue {
      // The published archive holds its files in `data`.
      let folder = ["", "/data"].map { path + $0 }.first { folder in
        names.contains { FileManager.default.fileExists(atPath: "\(folder)/\($0).jsonl") }
      }
      places = names.map { ($0, "\(folder ?? path)/\($0).jsonl") }
        .filter { FileManager.default.fileExists(atPath: $0.1) }.map { ($0.0, .lines(path: $0.1)) }
      guard !places.isEmpty else {
        throw DatasetProblems.nothingUsable(
          path, "the folder has no file of a LongBench task", expected: "qasper.jsonl and the like")
      }
      return
    }
    let file = try MappedFile(path: path)
    if let arrays = try Self.arrays(file) {
      if let stranger = arrays.first(where: { tasks.task($0.task) == nil }) {
        throw DatasetProblems.unknownTask(path, stranger.task, known: names)
      }
      places = arrays.map { ($0.task, .array($0.range)) }
      return
    }
    guard let first = try Self.lines(file, limit: 1).first else {
      throw DatasetProblems.nothingUsable(path, "the file is empty", expected: "one record a line")
    }
    let stem = URL(fileURLWithPath: path).deletingPathExtension().lastPathComponent
    guard let name = [stem, first.dataset].compactMap({ $0 }).first(where: { tasks.task($0) != nil }) else {
      throw DatasetProblems.unknownTask(path, first.dataset ?? stem, known: names)
    }
    places = [(name, .lines(path: path))]
  }

  /// Whether a path that nobody said anything about looks like LongBench: a folder, an object of arrays, or lines that
  /// begin with a record.
  static func isOne(_ path: String) -> Bool {
    var isFolder: ObjCBool = false
    guard FileManager.default.fileExists(atPath: path, isDirectory: &isFolder) else { return false }
    if isFolder.boolValue { return true }
    guard let file = try? MappedFile(path: path) else { return false }
    return file.withBytes { raw in
      var scanner = JSONByteScanner(raw)
      if raw.starts(with: [0xef, 0xbb, 0xbf]) { scanner.advance(3) }
      scanner.skipWhitespace()
      var probe = scanner
      return holdsArray(&probe) || (try? LongBenchRecord(&scanner, row: 0, depth: 0)) != nil
    }
  }

  /// Tasks there are records of, in the order of the table or of the object.
  public var taskNames: [String] { places.map(\.task) }

  /// The first `limit` records of a task, in file order.
  public func records(of task: String, limit: Int = .max) throws -> [LongBenchRecord] {
    guard let place = places.first(where: { $0.task == task })?.place else { return [] }
    switch place {
    case .lines(let path): return try Self.lines(try MappedFile(path: path), limit: limit)
    case .array(let range):
      let file = try MappedFile(path: path)
      return try Self.scanning(file, unit: "record") { raw, number throws(JSONByteScanner.Failure) in
        var scanner = JSONByteScanner(raw, range: range)
        var records: [LongBenchRecord] = []
        try scanner.eachElement(depth: 1) { (scanner) throws(JSONByteScanner.Failure) in
          number = records.count + 1
          guard records.count < limit else { return try scanner.skipValue(depth: 2) }
          records.append(try LongBenchRecord(&scanner, row: records.count, depth: 2))
        }
        return records
      }
    }
  }

  /// The chosen records as one object {"task": [records], ...}, in the order of the files, each with its row.
  ///
  /// - Throws: K411 for a task or a row that is not there.
  public func benchmark(_ chosen: [(task: String, row: Int)]) throws -> String {
    var rows: [String: Set<Int>] = [:]
    for sample in chosen { rows[sample.task, default: []].insert(sample.row) }
    if let missing = rows.keys.sorted().first(where: { !taskNames.contains($0) }) {
      throw DatasetProblems.taskMissing(path, missing, there: taskNames)
    }
    let parts = try taskNames.compactMap { task -> String? in
      guard let wanted = rows[task] else { return nil }
      let records = try records(of: task).filter { wanted.contains($0.row) }
      guard records.count == wanted.count else {
        let missing = wanted.subtracting(records.map(\.row)).min() ?? 0
        throw DatasetProblems.rowMissing(path, task, missing)
      }
      return "\(JSONByteText.quoted(task)): [\n" + records.map(\.json).joined(separator: ",\n") + "\n]"
    }
    return "{" + parts.joined(separator: ",\n") + "}\n"
  }

  // MARK: Reading

  private static func lines(_ file: MappedFile, limit: Int) throws -> [LongBenchRecord] {
    try scanning(file, unit: "line") { raw, number throws(JSONByteScanner.Failure) in
      var records: [LongBenchRecord] = []
      var start = raw.starts(with: [0xef, 0xbb, 0xbf]) ? 3 : 0
      while start < raw.count, records.count < limit {
        number += 1
        let end = raw[start...].firstIndex(of: 0x0a) ?? raw.count
        var scanner = JSONByteScanner(raw, range: start..<end)
        start = end + 1
        scanner.skipWhitespace()
        guard scanner.current != nil else { continue }
        records.append(try LongBenchRecord(&scanner, row: records.count, depth: 0))
        scanner.skipWhitespace()
        guard scanner.current == nil else { throw scanner.unexpected("the end of the line after the record") }
      }
      return records
    }
  }

  /// The arrays of an object that has nothing else; nil if the file is not one.
  private static func arrays(_ file: MappedFile) throws -> [(task: String, range: Range<Int>)]? {
    try scanning(file, unit: "record") { raw, _ throws(JSONByteScanner.Failure) in
      var scanner = JSONByteScanner(raw)
      if raw.starts(with: [0xef, 0xbb, 0xbf]) { scanner.advance(3) }
      scanner.skipWhitespace()
      guard scanner.current == UInt8(ascii: "{") else { return nil }
      var probe = scanner
      guard holdsArray(&probe) else { return nil }
      var arrays: [(task: String, range: Range<Int>)] = []
      try scanner.eachMember(depth: 0) { (scanner, key) throws(JSONByteScanner.Failure) in
        let task = JSONByteText.decode(raw, key)
        let start = scanner.offset
        guard scanner.current == UInt8(ascii: "[") else {
          throw scanner.wrongKind("`\(task)`", expected: "an array of records")
        }
        try scanner.skipValue(depth: 1)
        arrays.append((task, start..<scanner.offset))
      }
      scanner.skipWhitespace()
      guard scanner.current == nil else { throw scanner.unexpected("nothing more after the object") }
      return arrays
    }
  }

  /// Whether the object at the offset begins with a member that is an array.
  private static func holdsArray(_ scanner: inout JSONByteScanner) -> Bool {
    guard scanner.take(UInt8(ascii: "{")) else { return false }
    scanner.skipWhitespace()
    guard (try? scanner.skipString()) != nil else { return false }
    scanner.skipWhitespace()
    guard scanner.take(UInt8(ascii: ":")) else { return false }
    scanner.skipWhitespace()
    return scanner.current == UInt8(ascii: "[")
  }

  private static func scanning<Result>(
    _ file: MappedFile, unit: String,
    _ body: (UnsafeRawBufferPointer, inout Int) throws(JSONByteScanner.Failure) -> Result
  ) throws -> Result {
    var number = 0
    do throws(JSONByteScanner.Failure) {
      return try file.withBytes { (raw) throws(JSONByteScanner.Failure) in try body(raw, &number) }
    } catch {
      throw DatasetProblems.invalid(file.path, error, record: number, unit: unit)
    }
  }
}
