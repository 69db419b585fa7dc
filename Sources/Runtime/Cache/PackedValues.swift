import KernelABI

/// Packed values of one head: per token in groups of `group` channels, in blocks of 32 tokens; codes
/// [token, headDim * bits / 8], half-precision scales and minima [block, channel group, 32] (sheet kivi).
struct PackedValues {
  private var codes = GrowingBuffer<UInt8>()
  private var scales = GrowingBuffer<UInt16>()
  private var minima = GrowingBuffer<UInt16>()
  private(set) var count = 0
  let headDim: Int
  let bits: Int
  let group: Int

  init(headDim: Int, bits: Int, group: Int) {
    self.headDim = headDim
    self.bits = bits
    self.group = group
  }

  private var rowBytes: Int { headDim * bits / 8 }
  private var groups: Int { headDim / group }
  var payloadBytes: Int { count * rowBytes }
  var scaleBytes: Int { count * groups * 4 }
  /// Scales and minima that pad the last block.
  var slackBytes: Int { ((count + 31) / 32 * 32 - count) * groups * 4 }

  /// Packs tokens one by one; `values` are [tokens, headDim].
  mutating func append(_ values: UnsafePointer<Float>, tokens: Int) {
    let blocks = (count + 31) / 32
    let needed = (count + tokens + 31) / 32
    codes.reserve(needed * 32 * rowBytes, keeping: count * rowBytes)
    scales.reserve(needed * groups * 32, keeping: blocks * groups * 32)
    minima.reserve(needed * groups * 32, keeping: blocks * groups * 32)
    for token in 0..<tokens {
      let slot = count + token
      for index in 0..<groups {
        let source = values + token * headDim + index * group
        var low = Float.infinity
        var high = -Float.infinity
        for channel in 0..<group {
          low = min(low, source[channel])
          high = max(high, source[channel])
        }
        let quantiser = GroupQuantiser(bits: bits, minimum: low, maximum: high).roundedToHalf()
        let place = (slot / 32 * groups + index) * 32 + slot % 32
        scales.base[place] = Half.bits(quantiser.scale)
        minima.base[place] = Half.bits(quantiser.minimum)
        let target = codes.base + slot * rowBytes
        for channel in 0..<group {
          CodePacking.write(quantiser.code(source[channel]), at: index * group + channel, bits: bits, target)
        }
      }
    }
    count += tokens
  }

  /// Weighted sums of tokens from a multiple of 32 on.
  func accumulate(
    _ weights: UnsafePointer<Float>, weightStride: Int, rows: Int, tokens: Range<Int>,
    _ acc: UnsafeMutablePointer<Float>, _ kernels: KernelTable
  ) {
    withUnsafeTemporaryAllocation(of: Float.self, capacity: rows * groups * 33 + 2 * 32 * groups) { scratch in
      guard let scaled = scratch.baseAddress else { return }
      let offsets = scaled + rows * groups * 32  // [rows, groups], sum of weight * minimum
      let scale = offsets + rows * groups
      let minimum = scale + 32 * groups
      offsets.update(repeating: 0, count: rows * groups)
      var block = tokens.lowerBound / 32
      while block * 32 < tokens.upperBound {
        let taken = min(32, tokens.upperBound - block * 32)
        kernels.floatFromHalf(scales.base + block * groups * 32, groups * 32, scale)
        kernels.floatFromHalf(minima.base + block * groups * 32, groups * 32, minimum)
        for row in 0..<rows {
          let weight = weights + row * weightStride + block * 32 - tokens.lowerBound
          for index in 0..<groups {
            let target = scaled + (row * groups + index) * 32
            var sum: Float = 0
            for token in 0..<taken {
              target[token] = weight[token] * scale[index * 32 + token]
              sum += weight[token] * minimum[index * 32 + token]
            }
            offsets[row * groups + index] += sum
          }
        }
        kernels.accumulatePackedValues(
          codes.base + block * 32 * rowBytes, bits, taken, headDim, group, scaled, rows, acc)
        block += 1
      }
      for row in 0..<rows {
        for channel in 0..<headDim { acc[row * headDim + channel] += offsets[row * groups + channel / group] }
      }
    }
  }

  func restored(_ token: Int, _ channel: Int) -> Float {
    let place = (token / 32 * groups + channel / group) * 32 + token % 32
    let code = CodePacking.read(token * headDim + channel, bits: bits, codes.base)
    return Float(code) * Half.float(scales.base[place]) + Half.float(minima.base[place])
  }

  func read(_ token: Int, into target: UnsafeMutablePointer<Float>) {
    for channel in 0..<headDim { target[channel] = restored(token, channel) }
  }
}
