import KernelABI
import Testing

@testable import Runtime

/// The kernels of outliers and low-rank parts against their plain twins, in every set this processor runs.
struct CorrectionKernelTests {
  static let odd: [Float] = [.nan, -.nan, .infinity, -.infinity, 0, -0.0, .leastNonzeroMagnitude]

  @Test(
    "keys order numbers, and order statistics, counts and neighbours are those of sorting",
    arguments: InstructionSet.available)
  func order(_ set: InstructionSet) {
    let kernels = set.table.corrections
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      var x = draw.numbers(draw.int(1...(trial % 3 == 0 ? 5000 : 300)))
      if trial % 2 == 0 { x = x.map { ($0 * 2).rounded() } }
      for _ in 0..<draw.int(0...5) { x[draw.int(0...x.count - 1)] = Self.odd.randomElement(using: &draw) ?? 0 }
      var keys = [UInt32](repeating: 0, count: x.count)
      kernels.orderKeys(x, x.count, &keys)
      #expect(keys == x.map(Tails.key))
      for (a, b) in zip(keys, keys.dropFirst()) where !Tails.number(a).isNaN && !Tails.number(b).isNaN {
        #expect((a < b) == (Tails.number(a) < Tails.number(b) || Tails.number(a) == 0 && Tails.number(b) == 0 && a < b))
      }
      #expect(zip(keys, x).allSatisfy { Tails.number($0).bitPattern == $1.bitPattern })
      let sorted = keys.sorted()
      let rank = draw.int(0...x.count - 1)
      let near = [0, .max, sorted[rank], sorted[rank] &+ 3, sorted[0], Tails.key(draw.normal())][trial % 6]
      #expect(kernels.orderStatistic(keys, x.count, rank, near) == sorted[rank])
      let low = keys.randomElement(using: &draw) ?? 0
      let high = keys.randomElement(using: &draw) ?? 0
      #expect(kernels.countAtMost(keys, x.count, low) == keys.filter { $0 <= low }.count)
      let between = kernels.keysBetween(keys, x.count, low, high)
      #expect(between.first == keys.filter { $0 > low }.min() ?? .max)
      #expect(between.last == keys.filter { $0 < high }.max() ?? 0)
      var least: Float = 0.5
      var largest: Float = -0.5
      kernels.extremes(x, x.count, &least, &largest)
      #expect(least == (x.filter { !$0.isNaN } + [0.5]).min() && largest == (x.filter { !$0.isNaN } + [-0.5]).max())
    }
  }

  @Test("numbers outside a range are collected with their places, NaN too", arguments: InstructionSet.available)
  func collecting(_ set: InstructionSet) {
    for trial in 0..<40 {
      var draw = SeededNumbers(trial)
      var x = draw.numbers(16 * draw.int(1...20))
      for _ in 0..<draw.int(0...5) { x[draw.int(0...x.count - 1)] = Self.odd.randomElement(using: &draw) ?? 0 }
      let low = draw.normal() - 1
      let high = draw.normal() + 1
      let twin = x.indices.filter { !(x[$0] > low && x[$0] < high) }
      var values = [Float](repeating: 0, count: x.count + 16)
      var places = [UInt32](repeating: 0, count: x.count + 16)
      let count = set.table.corrections.collectOutside(x, x.count, low, high, 1000, &values, &places)
      #expect(places[..<count].map { Int($0) - 1000 } == twin)
      #expect(values[..<count].map(\.bitPattern) == twin.map { x[$0].bitPattern })
    }
  }

  @Test("tails found run by run are those of sorting all numbers, ties included", arguments: InstructionSet.available)
  func search(_ set: InstructionSet) {
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      let headDim = 16 * draw.int(1...4)
      let counts = (0..<draw.int(1...3)).map { _ in draw.int(trial % 4 == 0 ? 0...20 : 100...600) }
      let total = counts.reduce(0, +) * headDim
      var x = draw.numbers(total)
      if trial % 3 == 0 { x = x.map { ($0 * 4).rounded() / 4 } }
      if trial % 5 == 0, total > 0 {
        for _ in 0..<8 { x[draw.int(0...total - 1)] = Self.odd.randomElement(using: &draw) ?? 0 }
      }
      let perEnd = trial % 6 == 0 ? draw.int(0...max(1, total / 2)) : total / 50
      let search = OutlierSearch(
        counts: counts, headDim: headDim, perEnd: perEnd, kernels: set.table, scratch: PackingScratch())
      // Guesses that are too tight, too wide, or none.
      let guess =
        [
          nil, OutlierSearch.Guess(low: -9, high: 9), .init(low: -0.25, high: 0.25), .init(low: -1, high: 1.5),
        ].randomElement(using: &draw) ?? nil
      let found = search.find(guess) { head, run, rows in
        let first = counts[..<head].reduce(0, +) + run.lowerBound
        for index in 0..<run.count * headDim { rows[index] = x[first * headDim + index] }
      }
      let twin = x.withUnsafeBufferPointer { Tails.places($0, perEnd: perEnd) }
      let order = x.indices.sorted { (Tails.key(x[$0]), $0) < (Tails.key(x[$1]), $1) }
      let wanted = min(perEnd, total / 2)
      #expect(twin == (order.prefix(wanted) + order.suffix(wanted)).sorted())
      var places: [Int] = []
      var numbers: [Float] = []
      for (head, outliers) in found.outliers.enumerated() {
        let first = counts[..<head].reduce(0, +) * headDim
        places += outliers.map { Int(search.scratch.places.base[$0]) + first }
        numbers += outliers.map { search.scratch.numbers.base[$0] }
      }
      #expect(places == twin)
      #expect(numbers.map(\.bitPattern) == places.map { x[$0].bitPattern })
      for place in twin { x[place] = 0 }
      let rest = x.filter { !$0.isNaN }
      if let low = rest.min(), let high = rest.max() { #expect(found.low == low && found.high == high) }
    }
  }

  @Test("projections are the products of the matrix with the factors", arguments: InstructionSet.available)
  func projections(_ set: InstructionSet) {
    for trial in 0..<60 {
      var draw = SeededNumbers(trial)
      let rows = draw.int(1...21)
      let columns = 16 * draw.int(1...13)
      let rank = draw.int(1...8)
      let stride = rows + draw.int(0...5)
      let matrix = draw.numbers(rows * columns)
      let p = draw.numbers(rank * columns)
      let start = draw.numbers(rank * columns)
      var q: [Float] = []
      var sums: [Float] = []
      matrix.withUnsafeBufferPointer {
        guard let base = $0.baseAddress else { return }
        let matrix = MatrixRows(base, columns: columns)
        q = KernelTrial.guarded(rank * stride) {
          set.table.corrections.projectRows(matrix, rows, p, rank, $0, stride)
        }
        sums = KernelTrial.guarded(rank * columns, start) {
          set.table.corrections.addProjections(matrix, rows, q, stride, rank, $0)
        }
      }
      for j in 0..<rank {
        for row in 0..<rows {
          let terms = (0..<columns).map { Double(matrix[row * columns + $0]) * Double(p[j * columns + $0]) }
          let size = terms.reduce(1e-6) { $0 + abs($1) }
          #expect(abs(Double(q[j * stride + row]) - terms.reduce(0, +)) < 1e-6 * size)
        }
        for column in 0..<columns {
          let terms = (0..<rows).map { Double(matrix[$0 * columns + column]) * Double(q[j * stride + $0]) }
          let first = Double(start[j * columns + column])
          let size = terms.reduce(abs(first) + 1e-6) { $0 + abs($1) }
          #expect(abs(Double(sums[j * columns + column]) - first - terms.reduce(0, +)) < 1e-6 * size)
        }
      }
    }
  }

  @Test("a low-rank part is attended and added as its product is", arguments: InstructionSet.available)
  func lowRank(_ set: InstructionSet) {
    for trial in 0..<30 {
      var draw = SeededNumbers(trial)
      let headDim = 16 * draw.int(1...9)
      let rank = draw.int(1...8)
      let tokens = draw.int(1...90)
      let rows = draw.int(1...7)
      let blocks = (tokens + 15) / 16
      let q = draw.numbers(blocks * 16 * rank).map(Half.bits)
      let p = draw.numbers(rank * headDim).map(Half.bits)
      func factor(_ token: Int, _ j: Int) -> Double {
        Double(Half.float(q[(token / 16 * rank + j) * 16 + token % 16]))
      }
      func direction(_ j: Int, _ channel: Int) -> Double { Double(Half.float(p[j * headDim + channel])) }
      func product(_ token: Int, _ channel: Int) -> Double {
        (0..<rank).reduce(0) { $0 + factor(token, $1) * direction($1, channel) }
      }
      let size = Double(rank * headDim * 40)
      let queries = draw.numbers(rows * headDim)
      let weights = (0..<rows * tokens).map { _ in Float.random(in: 0...1, using: &draw) }
      let stride = blocks * 16
      let out = draw.numbers(rows * stride)
      let acc = draw.numbers(rows * headDim)
      let start = draw.numbers(tokens * headDim)
      var scores: [Float] = []
      var sums: [Float] = []
      q.withUnsafeBufferPointer { q in
        p.withUnsafeBufferPointer { p in
          guard let q = q.baseAddress, let p = p.baseAddress else { return }
          let factors = LowRankFactors(q: q, p: p, rank: rank, headDim: headDim)
          scores = KernelTrial.guarded(out.count, out) {
            set.table.corrections.addLowRankScores(factors, 0..<blocks, queries, rows, $0, stride)
          }
          sums = KernelTrial.guarded(acc.count, acc) {
            set.table.corrections.addLowRankValues(factors, 0..<tokens, weights, tokens, rows, $0)
          }
        }
      }
      let restored = KernelTrial.guarded(start.count, start) {
        set.table.corrections.addLowRankRows(q.map(Half.float), p.map(Half.float), rank, headDim, tokens, $0)
      }
      for row in 0..<rows {
        for token in 0..<tokens {
          let sum = (0..<headDim).reduce(0.0) { $0 + Double(queries[row * headDim + $1]) * product(token, $1) }
          #expect(abs(Double(scores[row * stride + token]) - Double(out[row * stride + token]) - sum) < 1e-6 * size)
        }
        for channel in 0..<headDim {
          let sum = (0..<tokens).reduce(0.0) { $0 + Double(weights[row * tokens + $1]) * product($1, channel) }
          #expect(
            abs(Double(sums[row * headDim + channel]) - Double(acc[row * headDim + channel]) - sum)
              < 1e-6 * Double(rank * tokens * 40))
        }
      }
      for place in start.indices {
        var expected = start[place]
        for j in 0..<rank {
          expected +=
            Half.float(q[(place / headDim / 16 * rank + j) * 16 + place / headDim % 16])
            * Half.float(p[j * headDim + place % headDim])
        }
        #expect(restored[place] == expected)
      }
    }
  }

  @Test(
    "outliers are attended one by one, however many share a token or a channel", arguments: InstructionSet.available)
  func outliers(_ set: InstructionSet) {
    for trial in 0..<40 {
      var draw = SeededNumbers(trial)
      let headDim = 16 * draw.int(1...9)
      let tokens = draw.int(1...OutlierRun.mostTokens)
      let rows = draw.int(1...9)
      let first = 512 * draw.int(0...100)
      let count = draw.int(0...min(900, tokens * headDim))
      let places = Set((0..<count).map { _ in UInt32(first * headDim + draw.int(0...tokens * headDim - 1)) }).sorted()
      let numbers = draw.numbers(places.count)
      let queries = draw.numbers(rows * headDim)
      let weights = draw.numbers(rows * tokens)
      let out = draw.numbers(rows * tokens)
      let acc = draw.numbers(rows * headDim)
      var scratch = [Float](repeating: .nan, count: OutlierRun.scratchFloats(headDim: headDim))
      var scores: [Float] = []
      var sums: [Float] = []
      places.withUnsafeBufferPointer { places in
        numbers.withUnsafeBufferPointer { numbers in
          guard let base = places.baseAddress, let values = numbers.baseAddress else { return }
          let run = OutlierRun(
            places: base, numbers: values, count: places.count, tokens: tokens,
            firstPlace: UInt32(first * headDim), headDim: headDim)
          scores = KernelTrial.guarded(out.count, out) {
            set.table.corrections.addOutlierScores(run, queries, rows, $0, tokens, &scratch)
          }
          sums = KernelTrial.guarded(acc.count, acc) {
            set.table.corrections.addOutlierValues(run, weights, tokens, rows, $0, &scratch)
          }
        }
      }
      guard !places.isEmpty else { continue }
      var expectedScores = out.map(Double.init)
      var expectedSums = acc.map(Double.init)
      for (place, number) in zip(places, numbers) {
        let (token, channel) = (Int(place) - first * headDim).quotientAndRemainder(dividingBy: headDim)
        for row in 0..<rows {
          let difference = Double(number)
          expectedScores[row * tokens + token] += Double(queries[row * headDim + channel]) * difference
          expectedSums[row * headDim + channel] += Double(weights[row * tokens + token]) * difference
        }
      }
      #expect(zip(scores, expectedScores).allSatisfy { abs(Double($0) - $1) < 2e-4 })
      #expect(zip(sums, expectedSums).allSatisfy { abs(Double($0) - $1) < 1e-3 })
    }
  }
}
