import Foundation

/// Parses and checks the header of a safetensors file.
struct SafetensorsHeader {
  /// In the order of their bytes.
  var tensors: [SafetensorsTensor] = []
  var metadata: [String: String] = [:]

  /// Longest header that is believed, the format's own limit.
  static let longestBytes: UInt64 = 100_000_000

  private enum Entry: Decodable {
    case tensor(type: String, shape: [Int], start: Int, end: Int)
    case metadata([String: String])

    private struct Tensor: Decodable {
      var dtype: String
      var shape: [Int]
      var dataOffsets: [Int]

      enum CodingKeys: String, CodingKey {
        case dtype
        case shape
        case dataOffsets = "data_offsets"
      }
    }

    init(from decoder: any Decoder) throws {
      guard decoder.codingPath.last?.stringValue != "__metadata__" else {
        self = .metadata(try decoder.singleValueContainer().decode([String: String].self))
        return
      }
      let tensor = try decoder.singleValueContainer().decode(Tensor.self)
      guard tensor.dataOffsets.count == 2 else {
        throw DecodingError.dataCorrupted(.init(codingPath: decoder.codingPath, debugDescription: "data_offsets"))
      }
      self = .tensor(
        type: tensor.dtype, shape: tensor.shape, start: tensor.dataOffsets[0], end: tensor.dataOffsets[1])
    }
  }

  init(_ mapped: MappedFile) throws {
    let bytes = mapped.bytes
    func damaged(_ seen: String, expected: String? = nil) -> RuntimeProblem {
      RuntimeProblem("K211", seen: "\(mapped.name): \(seen)", expected: expected, suggestion: FormatProblems.fetchAgain)
    }
    guard bytes.count >= 8 else {
      throw damaged("the file has \(bytes.count) bytes", expected: "a header length of 8 bytes first")
    }
    let stored = UInt64(littleEndian: bytes.loadUnaligned(as: UInt64.self))
    guard stored <= SafetensorsHeader.longestBytes, stored <= UInt64(bytes.count - 8) else {
      throw damaged(
        "the header is said to have \(stored.grouped) bytes",
        expected: "at most the \((bytes.count - 8).grouped) bytes that follow, and 100,000,000")
    }
    let dataStart = 8 + Int(stored)
    let entries: [String: Entry]
    do {
      entries = try JSONDecoder().decode([String: Entry].self, from: Data(bytes[8..<dataStart]))
    } catch {
      throw damaged(
        "the header is not a JSON object of tensors", expected: "dtype, shape and data_offsets for each name")
    }
    let dataCount = bytes.count - dataStart
    // In order of names, so that a file with several faults always gives the same one.
    for (name, entry) in entries.sorted(by: { $0.key < $1.key }) {
      switch entry {
      case .metadata(let pairs): metadata = pairs
      case .tensor(let typeName, let shape, let start, let end):
        guard let type = SafetensorsType(rawValue: typeName) else {
          throw RuntimeProblem(
            "K212", seen: "\(mapped.name): tensor '\(name)' has the type \(typeName)",
            expected: SafetensorsType.allCases.map(\.rawValue).joined(separator: ", "))
        }
        guard start >= 0, end >= start, end <= dataCount else {
          throw damaged(
            "tensor '\(name)' spans bytes \(start.grouped) to \(end.grouped)",
            expected: "a range within the \(dataCount.grouped) bytes of data")
        }
        guard let size = SafetensorsHeader.byteCount(shape, type), size == end - start else {
          throw damaged(
            "tensor '\(name)' of type \(typeName) and shape \(shape) has \((end - start).grouped) bytes",
            expected: SafetensorsHeader.byteCount(shape, type).map(\.grouped))
        }
        tensors.append(
          SafetensorsTensor(
            name: name, type: type, shape: shape, byteOffset: dataStart + start, byteCount: size))
      }
    }
    tensors.sort { ($0.byteOffset, $0.byteCount, $0.name) < ($1.byteOffset, $1.byteCount, $1.name) }
    var position = dataStart
    for tensor in tensors {
      guard tensor.byteOffset == position else {
        throw damaged(
          "tensor '\(tensor.name)' starts at byte \((tensor.byteOffset - dataStart).grouped) of the data",
          expected: "\((position - dataStart).grouped), where the one before ends")
      }
      position += tensor.byteCount
    }
    guard position == bytes.count else {
      throw damaged(
        "the tensors end at byte \(position.grouped)", expected: "the end of the file, \(bytes.count.grouped)")
    }
  }

  /// nil if a dimension is negative or the product overflows.
  private static func byteCount(_ shape: [Int], _ type: SafetensorsType) -> Int? {
    var count = type.bytes
    for size in shape {
      let next = count.multipliedReportingOverflow(by: size)
      guard size >= 0, !next.overflow else { return nil }
      count = next.partialValue
    }
    return count
  }
}
