import KernelABI

@testable import Runtime

/// Random keys and values in lane codes of one head with the numbers they stand for.
struct LaneTrial {
  let tokens: Int
  let headDim: Int
  let bits: Int
  /// Channels that share a scale.
  let group: Int
  private let codes: [UInt8]
  let levels: [Float]  // [32]
  private let scales: [Float]  // [tokens, groups]
  private let minima: [Float]  // [tokens, groups]

  init(tokens: Int, headDim: Int, bits: Int, group: Int, _ draw: inout SeededNumbers) {
    self.tokens = tokens
    self.headDim = headDim
    self.bits = bits
    self.group = group
    codes = (0..<tokens * headDim).map { _ in UInt8(draw.int(0...(1 << bits) - 1)) }
    let given = (0..<32).map { _ in draw.normal() }
    let repeats = 1 << min(5, bits)
    levels = (0..<32).map { given[$0 % repeats] }
    scales = (0..<tokens * headDim / group).map { _ in Half.round(Float.random(in: 0...0.3, using: &draw)) }
    minima = (0..<tokens * headDim / group).map { _ in Half.round(Float.random(in: -2...0, using: &draw)) }
  }

  /// The numbers [tokens, headDim].
  var numbers: [Double] {
    codes.indices.map { index in
      let (token, channel) = index.quotientAndRemainder(dividingBy: headDim)
      let place = token * (headDim / group) + channel / group
      let level = bits == 8 ? Float(codes[index]) : levels[Int(codes[index])]
      return Double(level) * Double(scales[place]) + Double(minima[place])
    }
  }

  /// Codes in units, and what lies past the last token set to anything.
  private func units(blockTokens: Int, _ place: (_ token: Int, _ channel: Int) -> (unit: Int, index: Int, lane: Int))
    -> [UInt32]
  {
    var words = [UInt32](
      repeating: 0xa5a5_a5a5, count: (tokens + blockTokens - 1) / blockTokens * blockTokens * headDim * bits / 32)
    words.withUnsafeMutableBufferPointer { buffer in
      guard let base = buffer.baseAddress else { return }
      for (index, code) in codes.enumerated() {
        let place = place(index / headDim, index % headDim)
        LaneCodePacking.write(
          code, index: place.index, lane: place.lane, bits: bits, base + place.unit * LaneCodes.unitWords(bits))
      }
    }
    return words
  }

  private func halves(_ numbers: [Float], blockTokens: Int, past: UInt16) -> [UInt16] {
    let groups = headDim / group
    var halves = [UInt16](repeating: past, count: (tokens + blockTokens - 1) / blockTokens * blockTokens * groups)
    for (index, number) in numbers.enumerated() {
      let (token, group) = index.quotientAndRemainder(dividingBy: groups)
      halves[(token / blockTokens * groups + group) * blockTokens + token % blockTokens] = Half.bits(number)
    }
    return halves
  }

  /// [rows, tokens of the blocks] for whole blocks of 16.
  func scores(_ table: KernelTable, _ queries: [Float], _ blocks: Range<Int>) -> [Float] {
    let rows = queries.count / headDim
    let words = units(blockTokens: 16) { ($0 / 16 * (headDim / 32) + $1 / 32, $1 % 32, $0 % 16) }
    var scratch = [Float](repeating: 0, count: TokenKeys.scratchFloats(headDim: headDim))
    let scales = halves(scales, blockTokens: 16, past: 0)
    let minima = halves(minima, blockTokens: 16, past: 0)
    return KernelTrial.guarded(rows * blocks.count * 16) { out in
      words.withUnsafeBufferPointer { words in
        levels.withUnsafeBufferPointer { levels in
          guard let words = words.baseAddress, let levels = levels.baseAddress else { return }
          scales.withUnsafeBufferPointer { scales in
            minima.withUnsafeBufferPointer { minima in
              guard let scales = scales.baseAddress, let minima = minima.baseAddress else { return }
              let keys = TokenKeys(
                codes: words, levels: levels, scales: scales, minima: minima, bits: bits, headDim: headDim,
                groupChannels: group)
              table.lanes.tokenKeyScores(keys, blocks, queries, rows, out, blocks.count * 16, &scratch)
            }
          }
        }
      }
    }
  }

  /// acc + weights [rows, tokens of the range] times the numbers.
  func sums(_ table: KernelTable, _ weights: [Float], _ range: Range<Int>, _ acc: [Float]) -> [Float] {
    let words = units(blockTokens: 32) { ($0 / 32 * (headDim / 16) + $1 / 16, $0 % 32, $1 % 16) }
    var scratch = [Float](repeating: .nan, count: TokenValues.scratchFloats)
    // Scales past the last token may be anything: here not a number, and infinite.
    let scales = halves(scales, blockTokens: 32, past: 0x7e00)
    let minima = halves(minima, blockTokens: 32, past: 0x7c00)
    return KernelTrial.guarded(acc.count, acc) { out in
      words.withUnsafeBufferPointer { words in
        levels.withUnsafeBufferPointer { levels in
          guard let words = words.baseAddress, let levels = levels.baseAddress else { return }
          scales.withUnsafeBufferPointer { scales in
            minima.withUnsafeBufferPointer { minima in
              guard let scales = scales.baseAddress, let minima = minima.baseAddress else { return }
              let values = TokenValues(
                codes: words, levels: levels, scales: scales, minima: minima, bits: bits, headDim: headDim,
                groupChannels: group)
              table.lanes.accumulateTokenValues(
                values, range, weights, range.count, acc.count / headDim, out, &scratch)
            }
          }
        }
      }
    }
  }
}
