/// Reads and checks the tensor directory, which follows the metadata.
enum GGUFDirectory {
  /// Most dimensions of a tensor (ggml.h, `GGML_MAX_DIMS`).
  static let mostDimensions: UInt32 = 4

  /// The entries in the order of the file, their offsets counted from the start of the file.
  static func read(_ cursor: inout GGUFCursor, count: UInt64, alignment: Int) throws -> [GGUFTensor] {
    // A name's length, the number of dimensions, a type and an offset.
    let leastEntryBytes = 24
    guard count <= UInt64(cursor.remaining / leastEntryBytes) else {
      throw RuntimeProblem(
        "K204", seen: "\(cursor.fileName): the header counts \(count.grouped) tensors",
        expected: "at most what fits the \(cursor.remaining.grouped) bytes that are left",
        suggestion: FormatProblems.fetchAgain)
    }
    var entries: [Entry] = []
    var names: Set<String> = []
    for index in 0..<Int(count) {
      let entry = try entry(&cursor, index: index)
      guard names.insert(entry.name).inserted else {
        throw cursor.damaged("the tensor '\(entry.name)' occurs twice", expected: nil)
      }
      entries.append(entry)
    }
    // The file's length is an Int far from the largest one, so rounding its position up cannot overflow.
    let dataStart = (cursor.position + alignment - 1) & ~(alignment - 1)
    let tensors = try entries.map { try place($0, dataStart: dataStart, alignment: alignment, cursor) }
    try checkOverlap(tensors, cursor)
    return tensors
  }

  private struct Entry {
    var name: String
    var shape: [Int]
    var type: GGUFType
    var offset: UInt64
  }

  private static func entry(_ cursor: inout GGUFCursor, index: Int) throws -> Entry {
    let name = try cursor.string("the name of tensor \(index + 1)")
    let dimensions = try cursor.number(UInt32.self, "tensor '\(name)'")
    guard dimensions <= mostDimensions else {
      throw cursor.damaged(
        "tensor '\(name)' has \(UInt64(dimensions).grouped) dimensions", expected: "at most \(mostDimensions)")
    }
    var shape: [Int] = []
    for _ in 0..<dimensions {
      let size = try cursor.number(UInt64.self, "the shape of tensor '\(name)'")
      guard size > 0, let size = Int(exactly: size) else {
        throw cursor.damaged("tensor '\(name)' has a dimension of \(size.grouped)", expected: "a size of 1 or more")
      }
      shape.append(size)
    }
    let raw = try cursor.number(UInt32.self, "the type of tensor '\(name)'")
    guard let type = GGUFType(rawValue: raw) else {
      throw RuntimeProblem(
        "K206", seen: "\(cursor.fileName): tensor '\(name)' has the unknown type \(raw)",
        expected: GGUFType.supported.map(\.name).joined(separator: ", "),
        suggestion: "use a copy of the model quantised to Q4_1 or Q8_0")
    }
    let offset = try cursor.number(UInt64.self, "the offset of tensor '\(name)'")
    return Entry(name: name, shape: shape, type: type, offset: offset)
  }

  private static func place(
    _ entry: Entry, dataStart: Int, alignment: Int, _ cursor: GGUFCursor
  ) throws -> GGUFTensor {
    let type = entry.type
    guard (entry.shape.first ?? 1) % type.blockElements == 0 else {
      throw cursor.damaged(
        "tensor '\(entry.name)' has rows of \((entry.shape.first ?? 1).grouped) elements",
        expected: "a multiple of \(type.blockElements), the block of \(type.name)")
    }
    let byteCount = entry.shape.reduce(Optional(1)) { product, size in
      guard let product else { return nil }
      let next = product.multipliedReportingOverflow(by: size)
      return next.overflow ? nil : next.partialValue
    }.flatMap { elements -> Int? in
      let bytes = (elements / type.blockElements).multipliedReportingOverflow(by: type.blockBytes)
      return bytes.overflow ? nil : bytes.partialValue
    }
    guard let byteCount else {
      let shape = entry.shape.map(\.grouped).joined(separator: " x ")
      throw cursor.damaged("the shape \(shape) of tensor '\(entry.name)' overflows", expected: nil)
    }
    guard entry.offset % UInt64(alignment) == 0 else {
      throw cursor.damaged(
        "tensor '\(entry.name)' has the offset \(entry.offset.grouped)",
        expected: "a multiple of the alignment, \(alignment)")
    }
    let (start, startOverflows) = entry.offset.addingReportingOverflow(UInt64(dataStart))
    let (end, endOverflows) = start.addingReportingOverflow(UInt64(byteCount))
    guard !startOverflows, !endOverflows, end <= UInt64(cursor.bytes.count) else {
      let shown = startOverflows || endOverflows ? "past every possible byte" : "at byte \(end.grouped)"
      throw RuntimeProblem(
        "K204", seen: "\(cursor.fileName): tensor '\(entry.name)' ends \(shown)",
        expected: "at most \(cursor.bytes.count.grouped), the length of the file",
        suggestion: FormatProblems.fetchAgain)
    }
    return GGUFTensor(
      name: entry.name, shape: entry.shape, type: type, byteOffset: Int(start), byteCount: byteCount)
  }

  private static func checkOverlap(_ tensors: [GGUFTensor], _ cursor: GGUFCursor) throws {
    let ordered = tensors.sorted { ($0.byteOffset, $0.name) < ($1.byteOffset, $1.name) }
    for (first, second) in zip(ordered, ordered.dropFirst())
    where first.byteOffset + first.byteCount > second.byteOffset {
      throw cursor.damaged("tensors '\(first.name)' and '\(second.name)' share bytes", expected: nil)
    }
  }
}
