import KernelABI

/// Codes of a calibrated book; see `BookStore`. A model's books are learnt when its first cache is made.
public struct BookCodec: CalibratedCodec {
  public let settings: BookSettings
  public let calibrationText: NamedText?

  /// - Parameter calibrationText: what the books are learnt from; nil for the page that comes with kvsh.
  public init(settings: BookSettings, calibrationText: NamedText? = nil) {
    self.settings = settings
    self.calibrationText = calibrationText
  }

  public var removesTokens: Bool { false }
  public func check(shape: CacheShape) throws { try RotatedCodec.checkLanes(shape) }

  public var calibrationKey: String { "kvquant \(settings)" }

  public func calibrated(on run: CalibrationRun) throws -> any Codec {
    let width = run.shape.kvHeads * run.shape.headDim
    let books = try run.layers { layer in
      try BookLayer(
        keys: run.keysBeforeRotation(layer), values: run.values(layer), width: width, settings: settings,
        check: run.check)
    }
    return LearntBookCodec(settings: settings, books: books, rotary: run.rotary)
  }

  /// Exact: `SequenceCache` refuses a codec that has not learnt, so no text is ever held so.
  public func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    ExactStore(shape: shape, kernels: kernels)
  }
}

/// The same with the books of one model.
struct LearntBookCodec: Codec {
  let settings: BookSettings
  let books: [BookLayer]
  let rotary: RotaryTable

  var removesTokens: Bool { false }
  func check(shape: CacheShape) throws { try RotatedCodec.checkLanes(shape) }

  func makeStore(shape: CacheShape, layer: Int, kernels: KernelTable) -> any LayerStore {
    BookStore(
      shape: shape, book: books[min(layer, books.count - 1)], settings: settings, rotary: rotary, kernels: kernels)
  }
}
