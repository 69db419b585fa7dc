/// The settings of GEAR's variant A.
public struct GearTensorSettings: Equatable, Sendable {
  public let bits: Int
  /// Fraction of the numbers kept exactly, half from each end.
  public let outlier: Double
  /// Rank as a fraction of the smaller side of the error matrix.
  public let rank: Double
  public let loops: Int
  /// Decode tokens between compressions.
  public let interval: Int
  public let seed: Int

  public init(bits: Int, outlier: Double, rank: Double, loops: Int, interval: Int, seed: Int) {
    self.bits = bits
    self.outlier = outlier
    self.rank = rank
    self.loops = loops
    self.interval = interval
    self.seed = seed
  }

  public func outliersPerEnd(numbers: Int) -> Int { Int(Double(numbers) * outlier / 2) }
  public func rank(tokens: Int, channels: Int) -> Int { Int(rank * Double(min(tokens, channels))) }
}

/// The keys or the values of one layer, compressed as one tensor [kvHeads, tokens, headDim]: codes with one scale, exact
/// outliers and one low-rank pair over all heads (sheet gear, variant A). Does not change once made.
final class GearTensor {
  let codes: [UniformCodes]  // per head
  let outliers: [Outliers]  // per head
  let lowRank: [LowRankPart]  // per head, one Q for all
  private let scaleBytes: Int

  /// No tokens at all.
  init(_ side: UniformCodes.Side, heads: Int, headDim: Int, bits: Int) {
    let quantiser = GroupQuantiser(bits: bits, minimum: 0, maximum: 0)
    let none = PowerIteration.Factors(rank: 0, q: [], p: [])
    codes = (0..<heads).map { _ in
      UniformCodes(side, tokens: 0, headDim: headDim, bits: bits, quantiser: quantiser)
    }
    outliers = (0..<heads).map { _ in Outliers(headDim: headDim) }
    lowRank = (0..<heads).map { _ in LowRankPart(none, q: [], tokens: 0, channel: 0, headDim: headDim) }
    scaleBytes = 0
  }

  /// Compresses the heads' numbers, one after the other in `numbers`, `counts[head]` tokens of headDim each.
  ///
  /// `numbers` is used up: it becomes the error that the low-rank part is made of. `start` gives power iteration its
  /// first P, [rank, heads * headDim], for a rank.
  init(
    _ side: UniformCodes.Side, _ numbers: inout [Float], counts: [Int], headDim: Int, settings: GearTensorSettings,
    start: (Int) -> [Float]
  ) {
    let places = numbers.withUnsafeBufferPointer {
      Tails.places($0, perEnd: settings.outliersPerEnd(numbers: $0.count))
    }
    var outliers = counts.map { _ in Outliers(headDim: headDim) }
    var head = 0
    var first = 0
    for place in places {
      while place >= first + counts[head] * headDim {
        first += counts[head] * headDim
        head += 1
      }
      let (token, channel) = (place - first).quotientAndRemainder(dividingBy: headDim)
      outliers[head].append(token: token, channel: channel, numbers[place])
      numbers[place] = 0
    }
    var low = Float.infinity
    var high = -Float.infinity
    for number in numbers {
      low = min(low, number)
      high = max(high, number)
    }
    let quantiser = GroupQuantiser(bits: settings.bits, minimum: low, maximum: high).roundedToHalf()
    first = 0
    codes = counts.map { count in
      let codes = UniformCodes(
        side, tokens: count, headDim: headDim, bits: settings.bits, quantiser: quantiser)
      for token in 0..<count {
        for channel in 0..<headDim {
          let place = first + token * headDim + channel
          let code = quantiser.code(numbers[place])
          codes.write(code, token: token, channel: channel)
          numbers[place] -= quantiser.restored(code)
        }
      }
      first += count * headDim
      return codes
    }
    for place in places { numbers[place] = 0 }
    self.outliers = outliers
    scaleBytes = numbers.isEmpty ? 0 : 4

    let tokens = counts.max() ?? 0
    let rank = settings.rank(tokens: tokens, channels: counts.count * headDim)
    var panels: [PowerIteration.Panel] = []
    var offset = 0
    for count in counts {
      panels.append(PowerIteration.Panel(offset: offset, rows: count, columns: headDim))
      offset += count * headDim
    }
    let factors = PowerIteration.factors(numbers, panels: panels, start: start(rank), loops: settings.loops)
    let q = LowRankPart.blocks(factors, tokens: tokens)
    lowRank = counts.indices.map {
      LowRankPart(factors, q: q, tokens: tokens, channel: $0 * headDim, headDim: headDim)
    }
  }

  var bytes: ByteCount {
    var total = ByteCount()
    total.scales = scaleBytes
    for head in codes.indices {
      total.payload += codes[head].payloadBytes
      total.corrections += outliers[head].bytes + lowRank[head].pBytes
      total.slack += codes[head].slackBytes
    }
    if let shared = lowRank.first {
      total.corrections += shared.qBytes
      total.slack += shared.slackBytes
    }
    return total
  }

  /// All tokens of a head as they are attended, [tokens, headDim]: what the next compression starts from.
  func restore(head: Int, into target: UnsafeMutablePointer<Float>) {
    let codes = codes[head]
    for token in 0..<codes.tokens { codes.read(token, into: target + token * codes.headDim) }
    outliers[head].overwriteAll(target)
    lowRank[head].addAll(to: target, tokens: codes.tokens)
  }

  /// One token of a head as it is attended: codes, outliers over them, the low-rank part over both.
  func read(head: Int, _ token: Int, into target: UnsafeMutablePointer<Float>) {
    codes[head].read(token, into: target)
    outliers[head].overwrite(token, target)
    lowRank[head].add(token, to: target)
  }
}
