import KernelABI

/// Packed keys of one head: per channel in groups of `group` tokens, [group, headDim, group * bits / 8] codes with a
/// half-precision scale and minimum per channel and group (sheet kivi).
struct PackedKeys {
  private var codes = GrowingBuffer<UInt8>()
  private var scales = GrowingBuffer<UInt16>()  // [group, headDim]
  private var minima = GrowingBuffer<UInt16>()  // [group, headDim]
  private(set) var count = 0
  let headDim: Int
  let bits: Int
  let group: Int

  init(headDim: Int, bits: Int, group: Int) {
    self.headDim = headDim
    self.bits = bits
    self.group = group
  }

  private var channelBytes: Int { group * bits / 8 }
  var payloadBytes: Int { count * headDim * bits / 8 }
  var scaleBytes: Int { count / group * headDim * 4 }

  /// Packs whole groups; `keys` are [tokens, headDim] and `tokens` a multiple of `group`.
  mutating func append(_ keys: UnsafePointer<Float>, tokens: Int) {
    let groups = count / group
    let added = tokens / group
    codes.reserve((groups + added) * headDim * channelBytes, keeping: groups * headDim * channelBytes)
    scales.reserve((groups + added) * headDim, keeping: groups * headDim)
    minima.reserve((groups + added) * headDim, keeping: groups * headDim)
    for index in 0..<added {
      let source = keys + index * group * headDim
      for channel in 0..<headDim {
        var low = Float.infinity
        var high = -Float.infinity
        for token in 0..<group {
          low = min(low, source[token * headDim + channel])
          high = max(high, source[token * headDim + channel])
        }
        let quantiser = GroupQuantiser(bits: bits, minimum: low, maximum: high).roundedToHalf()
        let place = (groups + index) * headDim + channel
        scales.base[place] = Half.bits(quantiser.scale)
        minima.base[place] = Half.bits(quantiser.minimum)
        let target = codes.base + place * channelBytes
        for token in 0..<group {
          CodePacking.write(quantiser.code(source[token * headDim + channel]), at: token, bits: bits, target)
        }
      }
    }
    count += added * group
  }

  /// Scores of tokens in units of 32 from `tokens.lowerBound`; writes whole units.
  func scores(
    _ queries: UnsafePointer<Float>, rows: Int, tokens: Range<Int>, _ out: UnsafeMutablePointer<Float>, outStride: Int,
    _ kernels: KernelTable
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * (headDim + 1) + 2 * headDim) { scratch in
      guard let scaled = scratch.baseAddress else { return }
      let bias = scaled + rows * headDim
      let scale = bias + rows
      let minimum = scale + headDim
      var unit = tokens.lowerBound / 32
      var group = -1
      while unit * 32 < tokens.upperBound {
        if unit * 32 / self.group != group {
          group = unit * 32 / self.group
          kernels.floatFromHalf(scales.base + group * headDim, headDim, scale)
          kernels.floatFromHalf(minima.base + group * headDim, headDim, minimum)
          for row in 0..<rows {
            let query = queries + row * headDim
            var sum = SIMD16<Float>()
            var channel = 0
            while channel < headDim {
              let q = UnsafeRawPointer(query + channel).loadUnaligned(as: SIMD16<Float>.self)
              let s = UnsafeRawPointer(scale + channel).loadUnaligned(as: SIMD16<Float>.self)
              let m = UnsafeRawPointer(minimum + channel).loadUnaligned(as: SIMD16<Float>.self)
              sum += q * m
              UnsafeMutableRawPointer(scaled + row * headDim + channel).storeBytes(of: q * s, as: SIMD16<Float>.self)
              channel += 16
            }
            bias[row] = sum.sum()
          }
        }
        let first = codes.base + group * headDim * channelBytes + (unit * 32 - group * self.group) * bits / 8
        kernels.packedKeyScores(
          first, bits, channelBytes, headDim, scaled, bias, rows, out + unit * 32 - tokens.lowerBound, outStride)
        unit += 1
      }
    }
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    let place = token / group * headDim + channel
    let code = CodePacking.read(token % group, bits: bits, codes.base + place * channelBytes)
    return Float(code) * Half.float(scales.base[place]) + Half.float(minima.base[place])
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
