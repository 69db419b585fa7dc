import KernelABI
import Testing

@testable import Runtime

/// Outliers of tensors in the orders that keys and values are attended in, against loops over plain lists, in every set
/// this processor runs.
struct OutlierLayoutTests {
  /// Outliers of one head: values in half precision, some of them equal to what the codes say.
  struct Trial {
    let headDim: Int
    let tokens: Int
    let places: [UInt32]
    let numbers: [Float]
    let coded: Float
    var draw: SeededNumbers

    init(_ seed: Int) {
      var draw = SeededNumbers(seed)
      let width = 16 * draw.int(1...9)
      headDim = width
      tokens = draw.int(1...1200)
      coded = Half.round(draw.normal())
      // Few channels have most of them, as those of keys have.
      let channels = (0..<draw.int(1...width)).map { _ in draw.int(0...width - 1) }
      var found: Set<UInt32> = []
      for _ in 0..<draw.int(0...2000) {
        let channel = draw.int(0...2) == 0 ? draw.int(0...headDim - 1) : channels[draw.int(0...channels.count - 1)]
        found.insert(UInt32(draw.int(0...tokens - 1) * headDim + channel))
      }
      let same = coded
      let drawn = found.sorted().map { place in
        (place, draw.int(0...9) == 0 ? same : Half.round(draw.normal() * 9))
      }
      places = drawn.map(\.0)
      numbers = drawn.map(\.1)
      self.draw = draw
    }

    func outliers(_ side: UniformCodes.Side, _ scratch: PackingScratch, _ set: InstructionSet) -> TensorOutliers {
      TensorOutliers(
        side, places: places, numbers: numbers, count: places.count, tokens: tokens, headDim: headDim, coded: coded,
        scratch: scratch, set.table)
    }

    /// A range of tokens that begins with a block.
    mutating func range() -> Range<Int> {
      let first = draw.int(0...(tokens - 1) / 16) * 16
      return first..<(draw.int(0...1) == 0 ? tokens : draw.int(first + 1...tokens))
    }
  }

  @Test("outliers of keys add to the scores of whole blocks", arguments: InstructionSet.available)
  func scores(_ set: InstructionSet) {
    for seed in 0..<60 {
      var trial = Trial(seed)
      let outliers = trial.outliers(.keys, PackingScratch(), set)
      let headDim = trial.headDim
      let rows = trial.draw.int(1...7)
      // Blocks are whole; what is behind the head's last token is not looked at.
      let tokens = trial.range()
      let blocks = tokens.lowerBound / 16..<(tokens.upperBound + 15) / 16
      let stride = blocks.count * 16
      let queries = trial.draw.numbers(rows * headDim)
      let out = trial.draw.numbers(rows * stride)
      let scores = KernelTrial.guarded(out.count, out) {
        outliers.masks?.addScores(queries, rows: rows, tokens: tokens, $0, outStride: stride, set.table)
      }
      var expected = out.map(Double.init)
      for (place, number) in zip(trial.places, trial.numbers) {
        let (token, channel) = Int(place).quotientAndRemainder(dividingBy: headDim)
        guard blocks.contains(token / 16) else { continue }
        for row in 0..<rows {
          expected[row * stride + token - tokens.lowerBound] +=
            Double(queries[row * headDim + channel]) * Double(number - trial.coded)
        }
      }
      #expect(zip(scores, expected).allSatisfy { abs(Double($0) - $1) < 1e-4 * (1 + abs($1)) }, "seed \(seed)")
    }
  }

  @Test(
    "outliers of values add to the sums of any range, whatever the weights outside",
    arguments: InstructionSet.available)
  func sums(_ set: InstructionSet) {
    for seed in 0..<60 {
      var trial = Trial(seed)
      let outliers = trial.outliers(.values, PackingScratch(), set)
      let headDim = trial.headDim
      let rows = trial.draw.int(1...9)
      let tokens = trial.range()
      let stride = tokens.count + trial.draw.int(0...20)
      var weights = [Float](repeating: .nan, count: rows * stride)
      for row in 0..<rows { for token in 0..<tokens.count { weights[row * stride + token] = trial.draw.normal() } }
      let acc = trial.draw.numbers(rows * headDim)
      let sums = KernelTrial.guarded(acc.count, acc) {
        outliers.groups?.accumulate(weights, weightStride: stride, rows: rows, tokens: tokens, $0, set.table)
      }
      var expected = acc.map(Double.init)
      for (place, number) in zip(trial.places, trial.numbers) {
        let (token, channel) = Int(place).quotientAndRemainder(dividingBy: headDim)
        guard tokens.contains(token) else { continue }
        for row in 0..<rows {
          expected[row * headDim + channel] +=
            Double(weights[row * stride + token - tokens.lowerBound]) * Double(number - trial.coded)
        }
      }
      #expect(zip(sums, expected).allSatisfy { abs(Double($0) - $1) < 1e-3 * (1 + abs($1)) }, "seed \(seed)")
    }
  }

  @Test(
    "either order gives back every outlier by its run and by its token; fillers are counted as slack",
    arguments: InstructionSet.available)
  func unfolding(_ set: InstructionSet) {
    for seed in 0..<40 {
      let trial = Trial(seed)
      let headDim = trial.headDim
      let scratch = PackingScratch()
      for side in [UniformCodes.Side.keys, .values] {
        let outliers = trial.outliers(side, scratch, set)
        #expect(outliers.count == trial.places.count && outliers.bytes == 6 * trial.places.count)
        #expect(outliers.slackBytes <= 18 * min(trial.places.count, 3 * headDim) + 4 * trial.places.count + 8 * 77)
        var expected = [Float](repeating: trial.coded, count: trial.tokens * headDim)
        for (place, number) in zip(trial.places, trial.numbers) { expected[Int(place)] = number }
        var runs = OutlierRuns()
        runs.appendHead()
        outliers.unfold(into: &runs, scratch, set.table)
        var rows = [Float](repeating: trial.coded, count: expected.count)
        var byToken = rows
        rows.withUnsafeMutableBufferPointer { rows in
          guard let base = rows.baseAddress else { return }
          PackingScratch.runs(trial.tokens) {
            runs.overwrite(1, $0, base + $0.lowerBound * headDim, headDim: headDim)
            runs.overwrite(0, $0, base + $0.lowerBound * headDim, headDim: headDim)
          }
        }
        #expect(rows == expected)
        byToken.withUnsafeMutableBufferPointer { rows in
          guard let base = rows.baseAddress else { return }
          for token in 0..<trial.tokens { outliers.overwrite(token, base + token * headDim) }
        }
        #expect(byToken == expected)
        outliers.give(to: scratch)
        #expect(outliers.count == 0 && outliers.slackBytes == 0 && outliers.masks == nil && outliers.groups == nil)
      }
    }
  }
}
