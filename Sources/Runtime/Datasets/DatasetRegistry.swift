import Foundation

#if canImport(Darwin)
  import Darwin
#elseif canImport(Musl)
  import Musl
#else
  import Glibc
#endif

/// Files the user gave names to with `data add NAME PATH`, kept in `$KVSH_HOME/data.json`.
public struct DatasetRegistry: Sendable {
  public struct Entry: Codable, Sendable, Equatable {
    /// Name after `run`: a data set of kvsh (whose file this replaces) or a name of the user's own.
    public var name: String
    /// Absolute.
    public var path: String
    /// The data set that reads the file.
    public var dataset: String
    /// Usable records when it was added.
    public var records: Int
  }

  private struct Register: Codable {
    var version = 1
    var datasets: [Entry] = []
  }

  /// `$KVSH_HOME`.
  public let home: String
  public var path: String { home + "/data.json" }

  public init(home: String) {
    self.home = home
  }

  /// What is registered, in the order of adding.
  /// - Throws: K408.
  public func entries() throws -> [Entry] {
    guard FileManager.default.fileExists(atPath: path) else { return [] }
    do {
      let register = try JSONDecoder().decode(Register.self, from: Data(contentsOf: URL(fileURLWithPath: path)))
      guard register.version == 1 else {
        throw DatasetProblems.damagedRegister(path, "version \(register.version) was written by a newer kvsh")
      }
      return register.datasets
    } catch let problem as RuntimeProblem {
      throw problem
    } catch {
      throw DatasetProblems.damagedRegister(path, "not a register of data sets")
    }
  }

  /// Checks the file, then records it under `name`, replacing what had that name.
  ///
  /// A name of kvsh's own is read by the data set of that name; any other by the first data set that accepts the file:
  /// an array is ShareGPT, a folder, an object of arrays or records with context and answers are LongBench, everything
  /// else is prompts.
  /// - Parameter path: may be relative to the current folder or begin with `~/`.
  /// - Throws: K407 bad name, K409 not writable, K408 damaged register, or what the data set says about the file.
  @discardableResult
  public func add(_ name: String, path file: String) throws -> Entry {
    try Self.check(name)
    let absolute = Self.absolute(file)
    let dataset = try Datasets.all.first { $0.card.name == name } ?? Self.reader(of: absolute)
    let entry = Entry(
      name: name, path: absolute, dataset: dataset.card.name, records: try dataset.validate(path: absolute))
    try update { entries in
      if let index = entries.firstIndex(where: { $0.name == name }) {
        entries[index] = entry
      } else {
        entries.append(entry)
      }
    }
    return entry
  }

  /// Forgets `name`; the file itself stays.
  /// - Returns: false if there was none.
  @discardableResult
  public func remove(_ name: String) throws -> Bool {
    var found = false
    try update { entries in
      found = entries.contains { $0.name == name }
      entries.removeAll { $0.name == name }
    }
    return found
  }

  /// A path as the user wrote it, from the root: `~/` is the home folder, anything else counts from the current one.
  static func absolute(_ path: String) -> String {
    URL(fileURLWithPath: (path as NSString).expandingTildeInPath).standardizedFileURL.path
  }

  private static func check(_ name: String) throws {
    let isWord =
      name.first?.isLetter == true
      && name.allSatisfy { $0.isASCII && ($0.isLetter || $0.isNumber || "-_".contains($0)) }
    guard isWord, name.count <= 64 else {
      throw DatasetProblems.badName(
        name, "is not a name", expected: "a letter, then letters, digits, '-' or '_', at most 64")
    }
  }

  private static func reader(of path: String) throws -> any Dataset {
    if LongBenchFiles.isOne(path) { return LongBenchDataset() }
    return try MappedFile(path: path).withBytes { raw in
      var scanner = JSONByteScanner(raw)
      if raw.starts(with: [0xef, 0xbb, 0xbf]) { scanner.advance(3) }
      scanner.skipWhitespace()
      return scanner.current == UInt8(ascii: "[") ? ShareGPTDataset() : PromptsDataset()
    }
  }

  /// Reads, changes and replaces the register under a lock, so that two processes lose neither's entry; the rename lets a
  /// reader see the old or the new file and never a half.
  private func update(_ change: (inout [Entry]) -> Void) throws {
    do {
      try FileManager.default.createDirectory(atPath: home, withIntermediateDirectories: true)
    } catch {
      throw DatasetProblems.unwritableRegister(home, "cannot be made a folder")
    }
    let lock = open(path + ".lock", O_RDWR | O_CREAT | O_CLOEXEC, 0o644)
    guard lock >= 0 else { throw DatasetProblems.unwritableRegister(path, String(cString: strerror(errno))) }
    defer { close(lock) }
    guard flock(lock, LOCK_EX) == 0 else {
      throw DatasetProblems.unwritableRegister(path, String(cString: strerror(errno)))
    }
    var register = Register(datasets: try entries())
    change(&register.datasets)
    let encoder = JSONEncoder()
    encoder.outputFormatting = [.prettyPrinted, .sortedKeys, .withoutEscapingSlashes]
    do {
      try encoder.encode(register).write(to: URL(fileURLWithPath: path), options: .atomic)
    } catch {
      throw DatasetProblems.unwritableRegister(path, "cannot be replaced")
    }
  }
}
