import Testing

@testable import Runtime

/// Outliers of a tensor that is compressed again, found by its codes.
struct CodedSearchTests {
  /// Numbers with heavy tails in a few channels, whose errors a low-rank part follows far in some places.
  static func numbers(_ count: Int, headDim: Int, _ draw: inout SeededNumbers) -> [Float] {
    (0..<count * headDim).map { place in
      let channel = place % headDim
      let size: Float = channel % 11 == 3 ? 6 : channel % 7 == 0 ? 0.1 : 1
      return draw.normal() * size + (channel == 5 ? Float(place / headDim % 3) * 4 : 0)
    }
  }

  /// The code of a place token * headDim + channel.
  static func code(_ codes: UniformCodes, _ place: Int) -> UInt8 {
    let restored = codes.restored(place / codes.headDim, place % codes.headDim)
    return codes.quantiser.code(restored)
  }

  @Test(
    "what is found by codes is what sorting all restored numbers finds, for any rank and in every set",
    arguments: InstructionSet.available)
  func likeSorting(_ set: InstructionSet) {
    for seed in 0..<24 {
      var draw = SeededNumbers(seed)
      let headDim = 16 * draw.int(1...5)
      let heads = draw.int(1...3)
      let settings = GearTensorSettings(
        bits: 4, outlier: [0.01, 0.02, 0.1][seed % 3], rank: [0, 0.02, 0.3][seed / 3 % 3], loops: 1 + seed % 3,
        interval: 20, seed: seed)
      let tensor = GearTensor(
        seed % 2 == 0 ? .keys : .values, heads: heads, headDim: headDim, settings: settings, kernels: set.table)
      let scratch = PackingScratch()
      var counts = (0..<heads).map { _ in draw.int(150...700) }
      for round in 0..<3 {
        let added = round == 0 ? counts : (0..<heads).map { _ in draw.int(0...20) }
        if round > 0 { for head in 0..<heads { counts[head] += added[head] } }
        let new = added.map { Self.numbers($0, headDim: headDim, &draw) }
        // Everything as it is before, [heads][tokens, headDim].
        let before = (0..<heads).map { head -> [Float] in
          let held = counts[head] - added[head]
          var rows = [Float](repeating: 0, count: held * headDim)
          rows.withUnsafeMutableBufferPointer { rows in
            for token in 0..<held {
              if let base = rows.baseAddress { tensor.read(head: head, token, into: base + token * headDim) }
            }
          }
          return rows + new[head]
        }
        tensor.compress(counts, scratch) {
          PowerIteration.start(columns: heads * headDim, rank: $0, seed: seed, stream: 5)
        } exact: { head, run, rows in
          for place in 0..<run.count * headDim { rows[place] = new[head][run.lowerBound * headDim + place] }
        }
        let all = before.flatMap { $0 }
        let places = all.withUnsafeBufferPointer {
          Tails.places($0, perEnd: settings.outliersPerEnd(numbers: all.count))
        }
        // An outlier's place holds its number in half precision and a low-rank part, which is next to nothing there;
        // counted are the outliers themselves.
        var found: [Int] = []
        for head in 0..<heads {
          let first = before[..<head].reduce(0) { $0 + $1.count }
          var runs = OutlierRuns()
          tensor.heads[head].outliers.unfold(into: &runs, scratch, set.table)
          var rows = [Float](repeating: .nan, count: counts[head] * headDim)
          rows.withUnsafeMutableBufferPointer { rows in
            guard let base = rows.baseAddress else { return }
            PackingScratch.runs(counts[head]) {
              runs.overwrite(0, $0, base + $0.lowerBound * headDim, headDim: headDim)
            }
          }
          for place in rows.indices where !rows[place].isNaN {
            found.append(first + place)
            #expect(rows[place] == Half.round(all[first + place]))
          }
        }
        // A filler looks like an outlier that the codes restore just as well.
        let coded = Half.round(tensor.heads[0].codes.quantiser.minimum)
        #expect(found == places.filter { Half.round(all[$0]) != coded || found.contains($0) })
      }
    }
  }

  @Test("the low-rank part is doubted wherever it reaches the limit, and where it is not a number")
  func reach() {
    for seed in 0..<30 {
      var draw = SeededNumbers(seed)
      let headDim = 16 * draw.int(1...4)
      let tokens = draw.int(1...60)
      let rank = draw.int(1...4)
      let padded = (tokens + 15) / 16 * 16
      var q = draw.numbers(rank * tokens)
      let p = draw.numbers(rank * headDim)
      if seed % 5 == 0 { q[draw.int(0...q.count - 1)] = .nan }
      let factors = PowerIteration.Factors(rank: rank, q: q, p: p)
      let kernels = InstructionSet.base.table
      let part = LowRankPart(
        factors, q: LowRankPart.blocks(factors, tokens: tokens, kernels), tokens: tokens, channel: 0, headDim: headDim)
      let limit = Float.random(in: 0.5...4, using: &draw)
      let reach = LowRankReach(part, limit: limit, kernels)
      var codes = [UInt8](repeating: 7, count: padded * headDim)
      part.withWideQ(0..<tokens, kernels) { reach.mark(&codes, q: $0, tokens: tokens) }
      var doubted = 0
      for token in 0..<tokens {
        var row = [Float](repeating: 0, count: headDim)
        part.add(token, to: &row)
        for channel in 0..<headDim {
          let isDoubted = codes[token * headDim + channel] == 7 | 128
          doubted += isDoubted ? 1 : 0
          if !(abs(row[channel]) < limit * 0.999) { #expect(isDoubted, "seed \(seed)") }
        }
      }
      #expect(codes[(tokens * headDim)...].allSatisfy { $0 == 7 })
      if limit > 3, headDim > 16, seed % 5 != 0 { #expect(doubted < tokens * headDim) }
    }
  }
}
