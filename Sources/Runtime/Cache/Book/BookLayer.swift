/// What KVQuant learns of one layer from a calibration text.
public struct BookLayer: Equatable, Sendable {
  /// Thresholds of each key channel before rotation, [kvHeads * headDim]: beyond them is an outlier.
  public let keyLower: [Float]
  public let keyUpper: [Float]
  public let keys: CodeBook
  public let values: CodeBook

  public init(keyLower: [Float], keyUpper: [Float], keys: CodeBook, values: CodeBook) {
    self.keyLower = keyLower
    self.keyUpper = keyUpper
    self.keys = keys
    self.values = values
  }
}

extension BookLayer {
  /// Learns from keys before rotation and values of several texts, each [tokens, width], the first `sink` tokens of each
  /// left out.
  ///
  /// Keys are normalised by their channel's thresholds, values by their token's; what lies beyond is left out (sheet
  /// kvquant, "Offline"). The Fisher weights of the paper need gradients and are 1 here.
  ///
  /// - Parameter check: asked every few milliseconds, so that what it throws ends the learning.
  public init(
    keys: [[Float]], values: [[Float]], width: Int, settings: BookSettings, check: () throws -> Void
  ) rethrows {
    func withoutSinks(_ rows: [Float]) -> ArraySlice<Float> {
      let tokens = width == 0 ? 0 : rows.count / width
      return rows[min(settings.sink, max(0, tokens - 1)) * width..<tokens * width]
    }
    let keys = keys.flatMap(withoutSinks)
    let values = values.flatMap(withoutSinks)
    let tokens = width == 0 ? 0 : keys.count / width
    var lower: [Float] = []
    var upper: [Float] = []
    var normalKeys: [Float] = []
    for channel in 0..<width {
      try check()
      let numbers = (0..<tokens).map { keys[$0 * width + channel] }
      let limits = BookLimits(numbers, quantile: settings.quantile)
      lower.append(limits.lower)
      upper.append(limits.upper)
      normalKeys += Self.inside(numbers, limits)
    }
    let normalValues = try (0..<tokens).flatMap { token -> [Float] in
      if token % 256 == 0 { try check() }
      let numbers = Array(values[token * width..<(token + 1) * width])
      return Self.inside(numbers, BookLimits(numbers, quantile: settings.quantile))
    }
    self.init(
      keyLower: lower, keyUpper: upper, keys: try Self.book(normalKeys, settings, check),
      values: try Self.book(normalValues, settings, check))
  }

  /// The same for few numbers.
  init(keys: [[Float]], values: [[Float]], width: Int, settings: BookSettings) {
    self.init(keys: keys, values: values, width: width, settings: settings, check: {})
  }

  /// Numbers normalised by limits, without those beyond them.
  private static func inside(_ numbers: [Float], _ limits: BookLimits) -> [Float] {
    guard limits.range > 0 else { return [] }
    return numbers.lazy.map { ($0 - limits.offset) / limits.range }.filter { abs($0) <= 1 }
  }

  private static func book(
    _ numbers: [Float], _ settings: BookSettings, _ check: () throws -> Void
  ) rethrows -> CodeBook {
    let book: CodeBook =
      switch settings.levels {
      case .nuq: CodeBook(levels: try CodeBook.means(numbers, count: 1 << settings.bits, check: check))
      case .nf: .normal(bits: settings.bits)
      case .uniform: .uniform(bits: settings.bits)
      }
    return settings.normalises ? try book.normalised(to: numbers, check: check) : book
  }
}
