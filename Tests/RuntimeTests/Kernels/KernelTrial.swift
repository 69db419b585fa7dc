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

  /// The same of numbers in fixed point.
  static func guardedFixed(_ count: Int, _ body: (UnsafeMutablePointer<Int16>) -> Void) -> [Int16] {
    var out = [Int16](repeating: 123, count: count + 32)
    out.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base) } }
    precondition(out[count...].allSatisfy { $0 == 123 }, "a kernel wrote past its result")
    return Array(out[..<count])
  }

  /// The same of bytes.
  static func guardedBytes(_ count: Int, _ body: (UnsafeMutablePointer<UInt8>) -> Void) -> [UInt8] {
    var out = [UInt8](repeating: 123, count: count + 64)
    out.withUnsafeMutableBufferPointer { if let base = $0.baseAddress { body(base) } }
    precondition(out[count...].allSatisfy { $0 == 123 }, "a kernel wrote past its result")
    return Array(out[..<count])
  }

  func quantiseRows(_ x: [Float], width: Int) -> (codes: [Int8], scales: [Float], sums: [Int32]) {
    var codes = [Int8](repeating: 0, count: x.count)
    var scales = [Float](repeating: 0, count: x.count / 32)
    var sums = [Int32](repeating: 0, count: x.count / 16)
    table.quantiseRows(x, x.count / width, width, &codes, &scales, &sums)
    return (codes, scales, sums)
  }

  /// The lines of `QuantisedRows` made plainly.
  static func lines(codes: [Int8], scales: [Float], sums: [Int32]) -> [UInt8] {
    scales.indices.flatMap { block -> [UInt8] in
      let halves = [sums[2 * block], sums[2 * block + 1]]
      let all = [halves[0] + halves[1]] + halves
      let floats = [scales[block]] + all.map { scales[block] * Float($0) }
      let words = floats.map(\.bitPattern) + all.map { UInt32(bitPattern: -128 * $0) } + [0]
      return codes[block * 32..<(block + 1) * 32].map { UInt8(bitPattern: $0) }
        + words.flatMap { GGUFBuilder.little($0) }
    }
  }

  /// [rows, panels * 16]; records as `PackedLayout` describes them.
  ///
  /// With `ranges`, panels are given to the kernel in these parts.
  func multiplyPacked(
    _ x: [Float], width: Int, _ records: [UInt8], _ layout: PackedLayout, panels: Int, ranges: [Range<Int>]? = nil
  ) -> [Float] {
    let rows = x.count / width
    let (codes, scales, sums) = quantiseRows(x, width: width)
    let lines = Self.lines(codes: codes, scales: scales, sums: sums)
    return Self.guarded(rows * panels * 16) { out in
      records.withUnsafeBytes { records in
        lines.withUnsafeBytes { lines in
          guard let records = records.baseAddress, let lines = lines.baseAddress else { return }
          for range in ranges ?? [0..<panels] {
            table.multiplyPacked(
              QuantisedRows(lines: lines, rows: rows, blocks: width / 32),
              PackedPanels(records: records, layout: layout, blocks: width / 32), range, out, panels * 16)
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
