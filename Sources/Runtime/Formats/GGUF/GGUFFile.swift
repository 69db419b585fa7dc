/// A GGUF model file: its metadata, its tensor directory and, mapped into memory, its weights.
///
/// Versions 2 and 3, little-endian (ggml's docs/gguf.md). Everything the directory says has been checked against the
/// length of the file by the time `init` returns.
public final class GGUFFile: Sendable {
  /// The mapped bytes; pointers into them are valid for as long as this file object lives.
  public let mapped: MappedFile
  /// 2 or 3.
  public let version: Int
  /// Every metadata value by its key; see also the typed getters such as `string(_:)`.
  public let metadata: [String: GGUFValue]
  /// The tensor directory by name.
  public let tensors: [String: GGUFTensor]
  /// Names of the tensors in the order of the file.
  public let tensorNames: [String]

  /// The last component of the path, which messages name.
  public var name: String { mapped.name }

  /// Opens and checks a file.
  ///
  /// Throws K201 (cannot be opened), K202 (not GGUF), K203 (version), K204 (cut short), K205 (damaged) or K206
  /// (a tensor of an unknown type).
  public convenience init(path: String) throws {
    try self.init(MappedFile(path: path))
  }

  /// Checks a file that is already mapped; throws as `init(path:)` does.
  public init(_ mapped: MappedFile) throws {
    var cursor = GGUFCursor(mapped)
    version = try GGUFFile.header(&cursor)
    let tensorCount = try cursor.number(UInt64.self, "the tensor count")
    let entryCount = try cursor.number(UInt64.self, "the metadata count")
    let metadata = try GGUFFile.metadata(&cursor, count: entryCount)
    let alignment = try GGUFFile.alignment(metadata, cursor)
    let directory = try GGUFDirectory.read(&cursor, count: tensorCount, alignment: alignment)
    self.mapped = mapped
    self.metadata = metadata
    tensorNames = directory.map(\.name)
    tensors = Dictionary(directory.map { ($0.name, $0) }, uniquingKeysWith: { first, _ in first })
  }

  /// The directory entry of a tensor; throws K209 if there is none.
  public func tensor(_ name: String) throws -> GGUFTensor {
    guard let tensor = tensors[name] else {
      throw RuntimeProblem(
        "K209", seen: "\(self.name): there is no tensor '\(name)'",
        expected: "a model with it; the file has \(tensors.count.grouped) tensors")
    }
    return tensor
  }

  /// The stored bytes of a tensor, valid for as long as this file object lives.
  ///
  /// Throws K209 if there is no such tensor and K206 if its type cannot be computed with.
  public func tensorBytes(_ name: String) throws -> UnsafeRawBufferPointer {
    let tensor = try tensor(name)
    guard tensor.type.isSupported else {
      throw RuntimeProblem(
        "K206", seen: "\(self.name): type \(tensor.type.name) of tensor '\(name)' is not supported yet",
        expected: GGUFType.supported.map(\.name).joined(separator: ", "),
        suggestion: "use a copy of the model quantised to Q4_1 or Q8_0")
    }
    return UnsafeRawBufferPointer(rebasing: mapped.bytes[tensor.byteOffset..<tensor.byteOffset + tensor.byteCount])
  }

  private static func header(_ cursor: inout GGUFCursor) throws -> Int {
    guard cursor.bytes.starts(with: "GGUF".utf8) else {
      if !cursor.bytes.isEmpty, "GGUF".utf8.starts(with: cursor.bytes) { throw cursor.ended("the magic 'GGUF'") }
      throw RuntimeProblem(
        "K202", seen: "\(cursor.fileName) is not a GGUF file", expected: "the letters GGUF at its start",
        suggestion: "give the path of a .gguf file")
    }
    _ = try cursor.number(UInt32.self, "the magic 'GGUF'")
    let version = try cursor.number(UInt32.self, "the version")
    if version == 2 || version == 3 { return Int(version) }
    let isBigEndian = version.byteSwapped == 2 || version.byteSwapped == 3
    throw RuntimeProblem(
      "K203",
      seen: "\(cursor.fileName) is "
        + (isBigEndian ? "a big-endian GGUF file" : "of GGUF version \(UInt64(version).grouped)"),
      expected: "version 2 or 3, little-endian", suggestion: "convert the model with a current converter")
  }

  private static func metadata(_ cursor: inout GGUFCursor, count: UInt64) throws -> [String: GGUFValue] {
    // A key's length, a type tag and one byte.
    let leastEntryBytes = 13
    guard count <= UInt64(cursor.remaining / leastEntryBytes) else {
      throw RuntimeProblem(
        "K204", seen: "\(cursor.fileName): the header counts \(count.grouped) metadata entries",
        expected: "at most what fits the \(cursor.remaining.grouped) bytes that are left",
        suggestion: FormatProblems.fetchAgain)
    }
    var metadata: [String: GGUFValue] = [:]
    for index in 0..<Int(count) {
      let key = try cursor.string("the key of metadata entry \(index + 1)")
      let value = try cursor.value(key: key)
      guard metadata.updateValue(value, forKey: key) == nil else {
        throw cursor.damaged("the metadata key '\(key)' occurs twice", expected: nil)
      }
    }
    return metadata
  }

  private static func alignment(_ metadata: [String: GGUFValue], _ cursor: GGUFCursor) throws -> Int {
    guard let value = metadata["general.alignment"] else { return 32 }
    guard case .integer(let stored) = value, stored > 0, stored <= 1 << 30, stored & (stored - 1) == 0 else {
      let shown = if case .integer(let stored) = value { "\(stored)" } else { value.typeName }
      throw cursor.damaged("general.alignment is \(shown)", expected: "a power of two")
    }
    return Int(stored)
  }
}
