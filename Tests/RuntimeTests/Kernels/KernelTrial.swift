import KernelABI

@testable import Runtime

/// Calls the kernels of one instruction set on arrays, with the layouts made from plain ones.
struct KernelTrial {
  let table: KernelTable

  init(_ set: InstructionSet) { table = set.table }

  /// A result with a guard behind it that no kernel may touch.
  static func guarded(_ count: Int, _ start: [Float] = [], _ body: (UnsafeMutablePointer<Float>) -> Void) -> [Float] {
    var out = [Float](repeating: 12345, count: count + 32)
    for (i, x) in start.enumerated() { out[i] = x }
    out.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base) } }
    precondition(out[count...].allSatisfy { $0 == 12345 }, "a kernel wrote past its result")
    return Array(out[..<count])
  }

  func quantiseRows(_ x: [Float], width: Int) -> (codes: [Int8], scales: [Float], sums: [Int32]) {
    var codes = [Int8](repeating: 0, count: x.count)
    var scales = [Float](repeating: 0, count: x.count / 32)
    var sums = [Int32](repeating: 0, count: x.count / 32)
    table.quantiseRows(x, x.count / width, width, &codes, &scales, &sums)
    return (codes, scales, sums)
  }

  /// [rows, panels * 16]; records as `PackedPanels` describes them.
  func multiplyPacked(
    _ x: [Float], width: Int, _ records: [UInt8], bits: Int, zero: Int32, hasMinimum: Bool, panels: Int
  ) -> [Float] {
    let rows = x.count / width
    let (codes, scales, sums) = quantiseRows(x, width: width)
    return Self.guarded(rows * panels * 16) { out in
      records.withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        codes.withUnsafeBufferPointer { codes in
          scales.withUnsafeBufferPointer { scales in
            sums.withUnsafeBufferPointer { sums in
              guard let codes = codes.baseAddress, let scales = scales.baseAddress, let sums = sums.baseAddress else {
                return
              }
              table.multiplyPacked(
                QuantisedRows(codes: codes, scales: scales, sums: sums, rows: rows, blocks: width / 32),
                PackedPanels(
                  records: base, bits: bits, blocks: width / 32, zero: zero, hasMinimum: hasMinimum),
                0..<panels, out, panels * 16)
            }
          }
        }
      }
    }
  }

  /// Elements as bytes of the given type, each exactly representable in it.
  static func bytes(_ x: [Float], _ element: FloatElement) -> [UInt8] {
    x.flatMap { number -> [UInt8] in
      switch element {
      case .float32: withUnsafeBytes(of: number.bitPattern.littleEndian) { Array($0) }
      case .float16: withUnsafeBytes(of: Half.bits(number).littleEndian) { Array($0) }
      case .bfloat16: withUnsafeBytes(of: UInt16(number.bitPattern >> 16).littleEndian) { Array($0) }
      }
    }
  }

  /// The nearest numbers below that the type can hold.
  static func representable(_ x: [Float], _ element: FloatElement) -> [Float] {
    switch element {
    case .float32: x
    case .float16: x.map(Half.round)
    case .bfloat16: x.map { Float(bitPattern: $0.bitPattern & 0xffff_0000) }
    }
  }

  /// [rows, panels * 16] from weights [panels * 16, width].
  func multiplyFloat(_ x: [Float], width: Int, _ weights: [Float], _ element: FloatElement) -> [Float] {
    let rows = x.count / width
    let outputs = weights.count / width
    let panelled = weights.indices.map { place -> Float in
      let (panel, rest) = place.quotientAndRemainder(dividingBy: width * 16)
      return weights[(panel * 16 + rest % 16) * width + rest / 16]
    }
    return Self.guarded(rows * outputs) { out in
      Self.bytes(panelled, element).withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        table.multiplyFloat(
          x, rows, FloatPanels(elements: base, element: element, width: width), 0..<outputs / 16, out, outputs)
      }
    }
  }

  /// [rows, tokens rounded up to 16] from keys [tokens, headDim] for blocks from `first` on.
  func keyScores(_ keys: [Float], _ queries: [Float], headDim: Int, first: Int, _ element: FloatElement) -> [Float] {
    let tokens = keys.count / headDim
    let blocks = (tokens + 15) / 16
    var blocked = [Float](repeating: 0, count: blocks * 16 * headDim)
    for place in keys.indices {
      let (token, channel) = place.quotientAndRemainder(dividingBy: headDim)
      blocked[(token / 16 * headDim + channel) * 16 + token % 16] = keys[place]
    }
    let rows = queries.count / headDim
    let width = (blocks - first) * 16
    return Self.guarded(rows * width) { out in
      Self.bytes(blocked, element).withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        table.keyScores(
          ExactRows(elements: base, element: element, headDim: headDim), first..<blocks, queries, rows, out, width)
      }
    }
  }

  /// acc + weights [rows, tokens of the range] times values [tokens, headDim].
  func accumulateValues(
    _ values: [Float], _ range: Range<Int>, _ weights: [Float], _ acc: [Float], headDim: Int, _ element: FloatElement
  ) -> [Float] {
    Self.guarded(acc.count, acc) { out in
      Self.bytes(values, element).withUnsafeBytes { bytes in
        guard let base = bytes.baseAddress else { return }
        table.accumulateValues(
          ExactRows(elements: base, element: element, headDim: headDim), range, weights, range.count,
          acc.count / headDim, out)
      }
    }
  }
}
