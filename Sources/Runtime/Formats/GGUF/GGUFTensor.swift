/// One entry of a GGUF file's tensor directory.
public struct GGUFTensor: Equatable, Sendable {
  public let name: String
  /// Dimensions in the order of the file: `shape[0]` is the contiguous one (a weight's input channels).
  public let shape: [Int]
  public let type: GGUFType
  /// Where the first byte lies, counted from the start of the file.
  public let byteOffset: Int
  /// Bytes of the whole tensor.
  public let byteCount: Int

  /// Elements of the whole tensor.
  // The directory reader has checked that the product does not overflow.
  public var elementCount: Int { shape.reduce(1, &*) }
  /// Elements of one row, which is contiguous: `shape[0]`, or 1 for a scalar.
  public var rowElements: Int { shape.first ?? 1 }
  /// Rows: the product of every dimension but the first.
  public var rowCount: Int { shape.dropFirst().reduce(1, &*) }
  /// Bytes of one row.
  public var rowBytes: Int { rowElements / type.blockElements &* type.blockBytes }
}
