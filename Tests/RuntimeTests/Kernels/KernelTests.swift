import Foundation
import KernelABI
import Testing

@testable import Runtime

/// Every kernel of every instruction set this processor runs against its plain twin, over random shapes.
@Suite(.serialized)
struct KernelTests {
  /// |found - expected|, less what is allowed beforehand, over the magnitudes that were added up; infinite if a number is missing or NaN.
  static func error(
    _ found: [Float], _ expected: [Double], _ magnitudes: [Double], allowance: [Double] = []
  ) -> Double {
    guard found.count == expected.count, !found.contains(where: \.isNaN) else { return .infinity }
    return found.indices.reduce(0) { worst, i in
      let allowed = allowance.isEmpty ? 0 : allowance[i]
      return max(worst, (abs(Double(found[i]) - expected[i]) - allowed) / (magnitudes[i] + 1e-6))
    }
  }

  static func magnitudes(_ x: [Float]) -> [Double] { x.map { abs(Double($0)) } }
  static func doubles(_ x: [Float]) -> [Double] { x.map(Double.init) }
  static let elements: [FloatElement] = [.float32, .float16, .bfloat16]

  @Test("rounding rows to bytes: the same integers as the twin in every set", arguments: InstructionSet.available)
  func quantiseRows(_ set: InstructionSet) {
    let kernels = KernelTrial(set)
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      let width = 32 * draw.int(1...9)
      var x = draw.numbers(width * draw.int(1...5), scale: Float.random(in: 1e-3...1e3, using: &draw))
      if trial % 5 == 0 { for i in 0..<32 { x[i] = 0 } }
      // Numbers whose codes are near ties.
      if trial % 3 == 0 { for i in 0..<32 { x[i] = Float(i) / 2 - 8 + (i == 0 ? 63.5 : 0) } }
      let found = kernels.quantiseRows(x, width: width)
      let twin = ScalarTwins.quantiseRows(x)
      #expect(found.codes == twin.codes)
      #expect(found.scales == twin.scales)
      #expect(found.sums == twin.sums)
    }
  }

  @Test("the byte codes of a million numbers are the same in every set")
  func sameCodes() {
    var draw = SeededNumbers(77)
    let x = (0..<1 << 20).map { _ in Float.random(in: -3...3, using: &draw) }
    let twin = ScalarTwins.quantiseRows(x)
    for set in InstructionSet.available {
      #expect(zip(KernelTrial(set).quantiseRows(x, width: 1024).codes, twin.codes).filter { $0 != $1 }.count == 0)
    }
  }

  /// The layout of every block format.
  static let layouts: [PackedLayout] = [
    Q4_0.layout, Q4_1.layout, Q5_0.layout, Q5_1.layout, Q8_0.layout, IQ4_NL.layout, Q2_K.layout, Q3_K.layout,
    Q4_K.layout, Q5_K.layout, Q6_K.layout,
  ]
  /// ggml-common.h, `kvalues_iq4nl`.
  static let nonLinear = [-127, -104, -83, -65, -49, -35, -22, -10, 1, 13, 25, 38, 53, 69, 89, 113]

  /// Random records of any bytes with their weights [panels * 16, width], by the words of `PackedLayout`.
  static func records(
    _ draw: inout SeededNumbers, _ layout: PackedLayout, panels: Int, width: Int
  ) -> (bytes: [UInt8], weights: [Double]) {
    let blocks = width / 32
    var bytes: [UInt8] = []
    var weights = [Double](repeating: 0, count: panels * 16 * width)
    func halves(_ limit: Float) -> [UInt16] {
      (0..<16).map { _ in Half.bits(Float.random(in: -limit...limit, using: &draw)) }
    }
    // The last panel may lack its neighbour: what lies in its place is not looked at.
    for pair in 0..<(panels + 1) / 2 {
      var headers: [[[UInt16]]] = [[], []]
      for block in 0..<blocks {
        if layout.hasHeaders, block % 8 == 0 {
          for side in 0..<2 {
            headers[side] = [halves(1e-3), halves(1e-2)]
            for header in headers[side].prefix(layout.hasMinimum ? 2 : 1) {
              bytes += header.flatMap { GGUFBuilder.little($0) }
            }
          }
        }
        for side in 0..<2 {
          let panel = 2 * pair + side
          let codes = (0..<(layout.codes == .bytes ? 512 : 256)).map { _ in UInt8.random(in: 0...255, using: &draw) }
          bytes += codes
          // Scales of each part, then minima of each part.
          var numbers: [[Double]] = []
          for list in 0..<layout.parts * (layout.hasMinimum ? 2 : 1) {
            if layout.hasHeaders {
              let integers = (0..<16).map { _ in Int8.random(in: -128...127, using: &draw) }
              bytes += integers.map { UInt8(bitPattern: $0) }
              let header = headers[side][list / layout.parts]
              numbers.append((0..<16).map { Double(Half.float(header[$0])) * Double(integers[$0]) })
            } else {
              let list = halves(list < layout.parts ? 0.1 : 1)
              bytes += list.flatMap { GGUFBuilder.little($0) }
              numbers.append(list.map { Double(Half.float($0)) })
            }
          }
          guard panel < panels else { continue }
          for lane in 0..<16 {
            for i in 0..<32 {
              let part = i * layout.parts / 32
              let scale = numbers[part][lane]
              let minimum = layout.hasMinimum ? numbers[layout.parts + part][lane] : 0
              let (step, j) = i.quotientAndRemainder(dividingBy: 4)
              let byte = codes[layout.codes == .bytes ? step * 64 + lane * 4 + j : step / 2 * 64 + lane * 4 + j]
              let nibble = Double(step % 2 == 0 ? byte & 15 : byte >> 4)
              let weight =
                switch layout.codes {
                case .bytes where layout.hasMinimum: scale * Double(byte) + minimum
                case .bytes: scale * (Double(byte) - 128) / Double(1 << layout.shift)
                case .nibbles where layout.hasMinimum: scale * nibble + minimum
                case .nibbles: scale * (16 * nibble - 128) / Double(1 << layout.shift)
                case .nonLinear: scale * Double(nonLinear[Int(nibble)])
                }
              weights[(panel * 16 + lane) * width + block * 32 + i] = weight
            }
          }
        }
      }
    }
    return (bytes, weights)
  }

  @Test("integer products equal the twin's within 2e-6 of the magnitudes", arguments: InstructionSet.available)
  func multiplyPacked(_ set: InstructionSet) {
    let kernels = KernelTrial(set)
    for trial in 0..<8 * Self.layouts.count {
      var draw = SeededNumbers(trial)
      let layout = Self.layouts[trial % Self.layouts.count]
      let width = (layout.hasHeaders ? 256 : 32) * draw.int(1...(layout.hasHeaders ? 2 : 6))
      let panels = draw.int(1...3)
      let rows = draw.int(1...20)
      let x = draw.numbers(rows * width)
      let (bytes, weights) = Self.records(&draw, layout, panels: panels, width: width)
      #expect(bytes.count == (panels + 1) / 2 * layout.pairBytes(blocks: width / 32))
      let found = kernels.multiplyPacked(x, width: width, bytes, layout, panels: panels)
      let codes = ScalarTwins.quantiseRows(x)
      let rounded = codes.codes.indices.map { Double(codes.codes[$0]) * Double(codes.scales[$0 / 32]) }
      let twin = ScalarTwins.multiply(rounded, weights, rows: rows, outputs: panels * 16, inputs: width)
      let sizes = ScalarTwins.multiply(
        rounded.map(abs), weights.map(abs), rows: rows, outputs: panels * 16, inputs: width)
      #expect(Self.error(found, twin, sizes) < 2e-6, "\(layout), \(rows) rows")
    }
  }

  @Test("float products equal the twin's within 2e-6 of the magnitudes", arguments: InstructionSet.available)
  func multiplyFloat(_ set: InstructionSet) {
    let kernels = KernelTrial(set)
    for trial in 0..<30 {
      var draw = SeededNumbers(trial)
      let width = draw.int(1...130)
      let outputs = 16 * draw.int(1...3)
      let rows = draw.int(1...20)
      let element = Self.elements[trial % 3]
      let x = draw.numbers(rows * width)
      let weights = KernelTrial.representable(draw.numbers(outputs * width), element)
      let found = kernels.multiplyFloat(x, width: width, weights, element)
      let twin = ScalarTwins.multiply(
        Self.doubles(x), Self.doubles(weights), rows: rows, outputs: outputs, inputs: width)
      let sizes = ScalarTwins.multiply(
        Self.magnitudes(x), Self.magnitudes(weights), rows: rows, outputs: outputs, inputs: width)
      #expect(Self.error(found, twin, sizes) < 2e-6)
    }
  }

  @Test("normalising, gating and adding rows equal the twins", arguments: InstructionSet.available)
  func rows(_ set: InstructionSet) {
    let table = set.table
    for trial in 0..<30 {
      var draw = SeededNumbers(trial)
      let width = 16 * draw.int(1...40)
      let rows = draw.int(1...4)
      let x = draw.numbers(rows * width, scale: 4)
      let y = draw.numbers(rows * width)
      let normalised = KernelTrial.guarded(x.count) { table.normaliseRootMeanSquare(x, y, 1e-5, rows, width, $0) }
      let twin = ScalarTwins.normalise(x, y, epsilon: 1e-5, width: width)
      #expect(Self.error(normalised, twin, twin.map(abs)) < 2e-6)
      let big = x.map { $0 * (trial % 2 == 0 ? 1 : 30) }
      let gated = KernelTrial.guarded(x.count) { table.gate(big, y, big.count, $0) }
      let gatedTwin = ScalarTwins.gate(big, y)
      #expect(Self.error(gated, gatedTwin, gatedTwin.map(abs)) < 2e-6)
      let count = draw.int(0...x.count)
      let added = KernelTrial.guarded(count, Array(x[..<count])) { table.add($0, y, count) }
      #expect(added == (0..<count).map { x[$0] + y[$0] })
      let factor = Float.random(in: -2...2, using: &draw)
      let shrunk = KernelTrial.guarded(count, Array(x[..<count])) { table.scale($0, factor, count) }
      #expect(shrunk == (0..<count).map { x[$0] * factor })
      let scaled = KernelTrial.guarded(count, Array(x[..<count])) { table.addScaled($0, y, factor, count) }
      let scaledTwin = (0..<count).map { Double(x[$0]) + Double(factor) * Double(y[$0]) }
      #expect(
        Self.error(scaled, scaledTwin, (0..<count).map { abs(Double(x[$0])) + abs(Double(factor * y[$0])) }) < 2e-6)
    }
  }

  @Test("exact scores and sums equal the twins within 2e-6 of the magnitudes", arguments: InstructionSet.available)
  func exactAttention(_ set: InstructionSet) {
    let kernels = KernelTrial(set)
    for trial in 0..<45 {
      var draw = SeededNumbers(trial)
      let element = Self.elements[trial % 3]
      let headDim = [16, 32, 64, 80, 128].randomElement(using: &draw) ?? 64
      let tokens = draw.int(1...90)
      let rows = draw.int(1...20)
      let keys = KernelTrial.representable(draw.numbers(tokens * headDim), element)
      let queries = draw.numbers(rows * headDim)
      let first = draw.int(0...(tokens - 1) / 16)
      let found = kernels.keyScores(keys, queries, headDim: headDim, first: first, element)
      let padding = [Float](repeating: 0, count: ((tokens + 15) / 16 * 16 - tokens) * headDim)
      let seen = Array((keys + padding)[(first * 16 * headDim)...])
      let twin = ScalarTwins.keyScores(Self.doubles(seen), queries, headDim: headDim)
      let sizes = ScalarTwins.keyScores(Self.magnitudes(seen), queries.map(abs), headDim: headDim)
      #expect(Self.error(found, twin, sizes) < 2e-6)

      let start = draw.int(0...tokens - 1)
      let range = start..<draw.int(start...tokens)
      let weights = (0..<rows * range.count).map { _ in Float.random(in: 0...1, using: &draw) }
      let acc = draw.numbers(rows * headDim)
      let sums = kernels.accumulateValues(keys, range, weights, acc, headDim: headDim, element)
      let slice = Array(keys[range.lowerBound * headDim..<range.upperBound * headDim])
      let sumTwin = ScalarTwins.accumulate(
        Self.doubles(slice), Self.doubles(weights), rows: rows, headDim: headDim, acc)
      let sumSizes = ScalarTwins.accumulate(
        Self.magnitudes(slice), Self.doubles(weights), rows: rows, headDim: headDim, acc.map(abs))
      #expect(Self.error(sums, sumTwin, sumSizes) < 2e-6)
    }
  }

  @Test(
    "packed scores and sums equal the twins within 1e-6 of the magnitudes and fixed point's half step",
    arguments: InstructionSet.available)
  func packedAttention(_ set: InstructionSet) {
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      let bits = [2, 4, 8][trial % 3]
      let headDim = [32, 64, 96, 128].randomElement(using: &draw) ?? 64
      let tokens = draw.int(1...1_200)
      let packed = PackedTrial(tokens: tokens, headDim: headDim, bits: bits, group: 32, &draw)
      let rows = draw.int(1...9)
      let scale = Float.random(in: 1e-3...1e3, using: &draw)
      let queries = draw.numbers(rows * headDim, scale: scale)
      let first = draw.int(0...(tokens - 1) / 16)
      let blocks = first..<draw.int(first + 1...(tokens + 15) / 16)
      let found = packed.scores(set.table, queries, blocks)
      let seen = blocks.lowerBound * 16..<min(tokens, blocks.upperBound * 16)
      func part(_ x: [Double]) -> [Double] { Array(x[seen.lowerBound * headDim..<seen.upperBound * headDim]) }
      let twin = ScalarTwins.keyScores(part(packed.keys), queries, headDim: headDim)
      let sizes = ScalarTwins.keyScores(part(packed.keySizes), queries.map(abs), headDim: headDim)
      let whole = (0..<rows).flatMap { row in found[row * blocks.count * 16..<row * blocks.count * 16 + seen.count] }
      // Half a step a code: a step is 1 / 32512 of the row's largest |query * scale|.
      func allowances(_ rows: Int, _ width: Int, terms: Int, factor: (Int) -> Float) -> [Double] {
        (0..<rows * width).map {
          Double(factor($0 / width)) * packed.largestScale / (2 * 32_512) * packed.largestCode * Double(terms)
        }
      }
      func peak(_ x: ArraySlice<Float>) -> Float { x.reduce(0) { max($0, abs($1)) } }
      let keyAllowance = allowances(rows, seen.count, terms: headDim) {
        peak(queries[$0 * headDim..<($0 + 1) * headDim])
      }
      #expect(
        Self.error(whole, twin, sizes, allowance: keyAllowance) < 1e-6, "\(bits) bits, \(rows) rows, \(seen)")

      let start = draw.int(0...(tokens - 1) / 32) * 32
      let range = start..<draw.int(start...tokens)
      // Weights as softmax gives them: a few large ones among many small ones.
      let weights = (0..<rows * range.count).map { _ in exp(Float.random(in: -12...0, using: &draw)) }
      let acc = draw.numbers(rows * headDim)
      let sums = packed.sums(set.table, weights, range, acc)
      func rangePart(_ x: [Double]) -> [Double] { Array(x[range.lowerBound * headDim..<range.upperBound * headDim]) }
      let sumTwin = ScalarTwins.accumulate(
        rangePart(packed.values), Self.doubles(weights), rows: rows, headDim: headDim, acc)
      let sumSizes = ScalarTwins.accumulate(
        rangePart(packed.valueSizes), Self.doubles(weights), rows: rows, headDim: headDim, acc.map(abs))
      let sumAllowance = allowances(rows, headDim, terms: range.count) {
        peak(weights[$0 * range.count..<($0 + 1) * range.count])
      }
      #expect(
        Self.error(sums, sumTwin, sumSizes, allowance: sumAllowance) < 1e-6, "\(bits) bits, \(rows) rows, \(range)")
    }
  }

  @Test("a query that is not finite gives scores that are not", arguments: InstructionSet.available)
  func packedNotFinite(_ set: InstructionSet) {
    var draw = SeededNumbers(4)
    let packed = PackedTrial(tokens: 64, headDim: 64, bits: 2, group: 32, &draw)
    for poison in [Float.nan, .infinity, -.infinity] {
      var queries = draw.numbers(3 * 64)
      queries[70] = poison
      let scores = packed.scores(set.table, queries, 0..<4)
      #expect(scores[64..<128].allSatisfy { !$0.isFinite })
      #expect(scores[..<64].allSatisfy(\.isFinite) && scores[128...].allSatisfy(\.isFinite))
    }
  }

  @Test("largest number and exponentials equal the twins for every length", arguments: InstructionSet.available)
  func softmax(_ set: InstructionSet) {
    let table = set.table
    for count in 0...70 {
      var draw = SeededNumbers(count)
      let x = draw.numbers(count, scale: 8)
      let largest = ScalarTwins.maximum(x)
      #expect(table.maximum(x, count) == largest)
      for place in x.indices {
        var poisoned = x
        poisoned[place] = .nan
        #expect(table.maximum(poisoned, count).isNaN)
      }
      guard count > 0 else { continue }
      var sum: Float = 0
      let found = KernelTrial.guarded(count, x) { sum = table.exponentiate($0, count, largest) }
      let twin = ScalarTwins.exponentiate(x, largest)
      for i in 0..<count { #expect(abs(Double(found[i]) - twin[i]) <= 1e-6 * twin[i] + 1e-37) }
      let total = twin.reduce(0, +)
      #expect(abs(Double(sum) - total) < 2e-6 * total)
    }
    var far: [Float] = [-1e30, -200, -.infinity, 0]
    let sum = table.exponentiate(&far, 4, 0)
    #expect(far[3] == 1 && far[..<3].allSatisfy { $0 >= 0 && $0 < 1e-37 } && sum == 1)
  }

  @Test(
    "half precision: every half is widened exactly, and floats round to nearest even",
    arguments: InstructionSet.available)
  func halves(_ set: InstructionSet) {
    let table = set.table
    let all = (0...UInt16.max).map { $0 }
    let wide = KernelTrial.guarded(all.count) { table.floatFromHalf(all, all.count, $0) }
    var mismatches = 0
    for (bits, number) in zip(all, wide) where number.bitPattern != Half.float(bits).bitPattern { mismatches += 1 }
    #if !(os(macOS) && arch(x86_64))
      for (bits, number) in zip(all, wide) {
        let exact = Float(Float16(bitPattern: bits))
        if !(number == exact || number.isNaN && exact.isNaN) { mismatches += 1 }
      }
    #endif
    #expect(mismatches == 0)
    var draw = SeededNumbers(1)
    // Any float, and floats on and beside the middles between two halves.
    var floats = (0..<20_003).map { _ in Float(bitPattern: UInt32.random(in: 0...UInt32.max, using: &draw)) }
    for bits in stride(from: UInt16(0), to: 0x7c00, by: 7) {
      let middle = (Half.float(bits) + Half.float(bits + 1)) / 2
      if middle.isFinite { floats += [middle, middle.nextUp, -middle.nextDown] }
    }
    var halves = [UInt16](repeating: 0, count: floats.count)
    table.halfFromFloat(floats, floats.count, &halves)
    mismatches = 0
    for (half, number) in zip(halves, floats) where half != Half.bits(number) { mismatches += 1 }
    #if !(os(macOS) && arch(x86_64))
      for (half, number) in zip(halves, floats) where !number.isNaN && half != Float16(number).bitPattern {
        mismatches += 1
      }
    #endif
    #expect(mismatches == 0)
  }
}
