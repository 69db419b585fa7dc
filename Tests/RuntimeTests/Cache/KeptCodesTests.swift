import KernelABI
import Testing

@testable import Runtime

/// Codes that stay when a tensor is compressed again.
struct KeptCodesTests {
  @Test(
    "a coded run in fixed point is its codes and low-rank part, exact places 0, and lists what lies beyond the limit",
    arguments: InstructionSet.available)
  func restoring(_ set: InstructionSet) {
    for seed in 0..<40 {
      var draw = SeededNumbers(seed)
      let headDim = seed % 4 == 0 ? 64 : 16 * draw.int(1...9)
      let tokens = draw.int(1...40)
      let rank = seed % 4 == 0 ? 3 : draw.int(0...5)
      var q = draw.numbers((tokens + 15) / 16 * 16 * max(1, rank), scale: 30)
      let p = draw.numbers(max(1, rank) * headDim, scale: 30)
      if seed % 6 == 5, rank > 0 { q[0] = [.nan, .infinity, 1e30].randomElement(using: &draw) ?? 0 }
      let codes = (0..<tokens * headDim + 64).map { _ in
        draw.int(0...20) == 0 ? CodedRun.exact : UInt8(draw.int(0...15))
      }
      let (scale, minimum, limit) = (Float(-100), Float(600), Int16(4000))
      let stride = headDim + 16 * draw.int(0...3)
      var places = [UInt32](repeating: .max, count: tokens * headDim + 1)
      var count = 0
      let found = KernelTrial.guardedFixed(tokens * stride) { out in
        codes.withUnsafeBufferPointer { codes in
          guard let codes = codes.baseAddress else { return }
          q.withUnsafeBufferPointer { q in
            p.withUnsafeBufferPointer { p in
              guard let q = q.baseAddress, let p = p.baseAddress else { return }
              let run = CodedRun(
                codes: codes, numbers: p, tokens: tokens, headDim: headDim, scale: scale, minimum: minimum, levels: 15,
                q: q, p: p, rank: rank)
              count = set.table.corrections.restoreFixed(run, limit, out, stride, &places)
            }
          }
        }
      }
      #expect(places[count...].allSatisfy { $0 == .max })
      let beyond = Set(places[..<count])
      #expect(beyond.count == count && places[..<count].elementsEqual(places[..<count].sorted()))
      for place in 0..<tokens * headDim {
        let (token, channel) = place.quotientAndRemainder(dividingBy: headDim)
        var number = Double(codes[place]) * Double(scale) + Double(minimum)
        for j in 0..<rank {
          number += Double(q[(token / 16 * rank + j) * 16 + token % 16]) * Double(p[j * headDim + channel])
        }
        let isExact = codes[place] == CodedRun.exact
        let isWithin = abs(number) <= Double(limit)
        let error = Double(found[token * stride + channel])
        if isExact { #expect(error == 0) }
        if !isExact, isWithin { #expect(abs(error - number) < 0.51) }
        if number.isNaN || abs(abs(number) - Double(limit)) > 0.51 {
          #expect(beyond.contains(UInt32(place)) == (!isExact && !isWithin))
        }
      }
    }
  }

  /// One head compressed, and what is to be compressed next.
  struct Again {
    let headDim: Int
    let scratch = PackingScratch()
    let old: GearTensor.Head
    /// What is held, [tokens, headDim].
    let numbers: [Float]
    let quantiser: GroupQuantiser
    /// Places of outliers, in order.
    let outliers: [Int]

    init(_ seed: Int, side: UniformCodes.Side, _ set: InstructionSet) {
      var draw = SeededNumbers(seed)
      let headDim = 16 * draw.int(1...5)
      let tokens = draw.int(30...300)
      let exact = CodedSearchTests.numbers(tokens, headDim: headDim, &draw)
      let tensor = GearTensor(
        side, heads: 1, headDim: headDim, settings: GearTensorStoreTests.settings(rank: [0.05, 0.2, 0][seed % 3]),
        kernels: set.table)
      tensor.compress([tokens], scratch) {
        PowerIteration.start(columns: headDim, rank: $0, seed: seed, stream: 5)
      } exact: { _, run, rows in
        for (i, place) in (run.lowerBound * headDim..<run.upperBound * headDim).enumerated() { rows[i] = exact[place] }
      }
      old = tensor.heads[0]
      scratch.oldOutliers.removeAll()
      old.outliers.unfold(into: &scratch.oldOutliers, scratch, set.table)
      var rows = [Float](repeating: 0, count: tokens * headDim)
      rows.withUnsafeMutableBufferPointer { rows in
        for token in 0..<tokens {
          if let base = rows.baseAddress { tensor.read(head: 0, token, into: base + token * headDim) }
        }
      }
      var moved = old.codes.quantiser
      moved.scale *= 1 + Float(draw.int(-5...8)) / 1000
      moved.minimum -= Float(draw.int(-30...30)) / 200 * moved.scale
      quantiser = moved.roundedToHalf()
      // Most outliers stay, some are none any longer, others are new.
      let inside = quantiser.minimum...quantiser.restored(15)
      outliers = rows.indices.filter { draw.int(0...300) == 0 || !inside.contains(rows[$0]) }
      self.headDim = headDim
      numbers = rows
    }
  }

  @Test(
    "what is kept, changed and missed is as if all had been restored and quantised",
    arguments: [UniformCodes.Side.keys, .values], InstructionSet.available)
  func likeQuantisingAll(_ side: UniformCodes.Side, _ set: InstructionSet) throws {
    var changed = 0
    for seed in 0..<20 {
      let again = Again(seed, side: side, set)
      let (headDim, quantiser, scratch) = (again.headDim, again.quantiser, again.scratch)
      let tokens = again.old.codes.tokens
      let before = again.numbers.indices.map { CodedSearchTests.code(again.old.codes, $0) }
      let codes = UniformCodes(
        side, tokens: tokens + 7, headDim: headDim, bits: 4, quantiser: quantiser, replacing: again.old.codes)
      let unit = quantiser.errorReach / FixedRows.most
      let kept = try #require(KeptCodes(again.old, codes, errorUnit: unit, set.table))
      scratch.places.reserve(again.outliers.count + 16)
      for (i, place) in again.outliers.enumerated() { scratch.places.base[i] = UInt32(place) }
      let columns = headDim + 32
      var next = 0
      let errors = KernelTrial.guardedFixed(tokens * columns) { errors in
        PackingScratch.runs(tokens + 7) { run in
          guard kept.holds(run) || run.upperBound > tokens else { return }
          let held = run.clamped(to: 0..<tokens)
          next += kept.renew(
            held, of: 0, outliers: next..<again.outliers.count, scratch,
            errors: errors + held.lowerBound * columns, columns: columns)
        }
      }
      #expect(next == again.outliers.count)
      let outliers = Set(again.outliers)
      for (place, number) in again.numbers.enumerated() {
        let code = CodedSearchTests.code(codes, place)
        let error = Float(errors[place / headDim * columns + place % headDim]) * unit
        guard !outliers.contains(place) else {
          #expect(code == 0 && error == 0)
          continue
        }
        // In the middle of two codes either will do.
        let isNear = abs(number - quantiser.restored(code)) <= quantiser.scale * 0.5001
        #expect(code == quantiser.code(number) || isNear)
        #expect(abs(error - (number - quantiser.restored(code))) <= quantiser.scale * 1e-4)
        changed += code == before[place] ? 0 : 1
      }
    }
    #expect(changed > 100)
  }

  @Test("codes are not kept where scale or minimum move by more than a quarter of a step, nor codes of whole bytes")
  func refused() {
    let again = Again(4, side: .keys, .base)
    func kept(bits: Int = 4, _ change: (inout GroupQuantiser) -> Void) -> KeptCodes? {
      var quantiser = bits == 4 ? again.old.codes.quantiser : GroupQuantiser(bits: bits, minimum: 0, maximum: 1)
      change(&quantiser)
      let codes = UniformCodes(
        .keys, tokens: again.old.codes.tokens, headDim: again.headDim, bits: bits, quantiser: quantiser)
      return KeptCodes(again.old, codes, errorUnit: 1e-5, InstructionSet.base.table)
    }
    #expect(kept { _ in } != nil)
    #expect(kept { $0.minimum += $0.scale * 0.3 } == nil)
    #expect(kept { $0.scale *= 1.02 } == nil)
    for scale in [0, -1, Float.nan, .infinity] {
      #expect(kept { $0.scale = scale } == nil)
    }
    #expect(kept { $0.minimum = .nan } == nil)
    #expect(kept(bits: 8) { _ in } == nil)
  }
}
