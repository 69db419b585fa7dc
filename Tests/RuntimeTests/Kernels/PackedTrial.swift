import KernelABI

@testable import Runtime

/// Random packed keys and values of one head with the numbers they stand for.
struct PackedTrial {
  let tokens: Int
  let headDim: Int
  let bits: Int
  /// Tokens that share scales for keys, channels for values.
  let group: Int
  private let codes: [UInt8]
  private let keyScales: [UInt16]  // [group, headDim]
  private let keyMinima: [UInt16]
  private let valueScales: [UInt16]  // [32 tokens, channel group, 32]
  private let valueMinima: [UInt16]
  private let keyBytes: [UInt8]
  private let valueBytes: [UInt8]

  /// - Parameter group: a multiple of 16 that divides headDim.
  init(tokens: Int, headDim: Int, bits: Int, group: Int, _ draw: inout SeededNumbers) {
    self.tokens = tokens
    self.headDim = headDim
    self.bits = bits
    self.group = group
    let top = UInt8((1 << bits) - 1)
    let codes = (0..<tokens * headDim).map { _ in UInt8.random(in: 0...top, using: &draw) }
    self.codes = codes
    func halves(_ count: Int, _ range: ClosedRange<Float>) -> [UInt16] {
      (0..<count).map { _ in Half.bits(Float.random(in: range, using: &draw)) }
    }
    let keyGroups = (tokens + group - 1) / group
    keyScales = halves(keyGroups * headDim, 0...0.3)
    keyMinima = halves(keyGroups * headDim, -2...0)
    let places = (tokens + 31) / 32 * 32 * (headDim / group)
    var scales = halves(places, 0...0.3)
    var minima = halves(places, -2...0)
    // What lies past the last token may be anything.
    for token in tokens..<(tokens + 31) / 32 * 32 {
      for index in 0..<headDim / group {
        scales[(token / 32 * (headDim / group) + index) * 32 + token % 32] = 0x7e00
        minima[(token / 32 * (headDim / group) + index) * 32 + token % 32] = 0x7c00
      }
    }
    valueScales = scales
    valueMinima = minima
    func pack(_ place: (Int, Int, Int, Int) -> (byte: Int, shift: Int)) -> [UInt8] {
      var bytes = [UInt8](repeating: 0xa5, count: (tokens + 15) / 16 * 16 * headDim * bits / 8)
      for (index, code) in codes.enumerated() {
        CodePacking.write(code, at: place(index / headDim, index % headDim, bits, headDim), bits: bits, &bytes)
      }
      return bytes
    }
    keyBytes = pack(PackedKeyBlocks.place)
    valueBytes = pack(PackedValueBlocks.place)
  }

  /// Keys [tokens, headDim].
  var keys: [Double] {
    codes.indices.map { index in
      let place = index / headDim / group * headDim + index % headDim
      return Double(codes[index]) * Double(Half.float(keyScales[place])) + Double(Half.float(keyMinima[place]))
    }
  }

  /// Values [tokens, headDim].
  var values: [Double] {
    codes.indices.map { index in
      let (token, channel) = index.quotientAndRemainder(dividingBy: headDim)
      let place = (token / 32 * (headDim / group) + channel / group) * 32 + token % 32
      return Double(codes[index]) * Double(Half.float(valueScales[place])) + Double(Half.float(valueMinima[place]))
    }
  }

  /// Magnitudes of keys: what codes and minima add up to without cancelling.
  var keySizes: [Double] {
    codes.indices.map { index in
      let place = index / headDim / group * headDim + index % headDim
      return Double(codes[index]) * Double(Half.float(keyScales[place])) - Double(Half.float(keyMinima[place]))
    }
  }

  var valueSizes: [Double] {
    codes.indices.map { index in
      let (token, channel) = index.quotientAndRemainder(dividingBy: headDim)
      let place = (token / 32 * (headDim / group) + channel / group) * 32 + token % 32
      return Double(codes[index]) * Double(Half.float(valueScales[place])) - Double(Half.float(valueMinima[place]))
    }
  }

  /// Largest scale of any group: a code step.
  var largestScale: Double { 0.3 }
  var largestCode: Double { Double((1 << bits) - 1) }

  /// [rows, tokens of the blocks] for whole blocks of 16.
  func scores(_ table: KernelTable, _ queries: [Float], _ blocks: Range<Int>) -> [Float] {
    let rows = queries.count / headDim
    return KernelTrial.guarded(rows * blocks.count * 16) { out in
      keyBytes.withUnsafeBufferPointer { bytes in
        keyScales.withUnsafeBufferPointer { scales in
          keyMinima.withUnsafeBufferPointer { minima in
            guard let bytes = bytes.baseAddress, let scales = scales.baseAddress, let minima = minima.baseAddress
            else { return }
            PackedKeyBlocks(
              codes: bytes, scales: scales, minima: minima, bits: bits, headDim: headDim, groupBlocks: group / 16
            ).scores(table, blocks, queries, rows: rows, out, outStride: blocks.count * 16)
          }
        }
      }
    }
  }

  /// acc + weights [rows, tokens of the range] times values.
  func sums(_ table: KernelTable, _ weights: [Float], _ range: Range<Int>, _ acc: [Float]) -> [Float] {
    KernelTrial.guarded(acc.count, acc) { out in
      valueBytes.withUnsafeBufferPointer { bytes in
        valueScales.withUnsafeBufferPointer { scales in
          valueMinima.withUnsafeBufferPointer { minima in
            guard let bytes = bytes.baseAddress, let scales = scales.baseAddress, let minima = minima.baseAddress
            else { return }
            PackedValueBlocks(
              codes: bytes, scales: scales, minima: minima, scaleStride: headDim / group * 32, bits: bits,
              headDim: headDim, groupChannels: group
            ).accumulate(table, range, weights, weightStride: range.count, rows: acc.count / headDim, out)
          }
        }
      }
    }
  }
}
