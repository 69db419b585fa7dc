import Testing

@testable import Runtime

/// Sheet kvquant, cap_outliers: which outliers stay exact, and what a capped cache holds.
struct OutlierCapTests {
  private func kept(_ most: Int, _ normalised: [Float]) -> [Int] {
    OutlierCap(most: most).kept(normalised.enumerated().map { .init(channel: $0.offset, normalised: $0.element) })
  }

  @Test("the farthest out stay, so many at each end, of equally far ones the lower channels")
  func farthest() {
    let numbers: [Float] = [1.5, -3, 2.5, -1.1, 2.5, -2, .infinity]
    #expect(kept(1, numbers) == [1, 6])
    #expect(kept(2, numbers) == [1, 2, 5, 6])
    #expect(kept(3, numbers) == [1, 2, 3, 4, 5, 6])
    #expect(kept(21, numbers) == [0, 1, 2, 3, 4, 5, 6])
    #expect(kept(0, numbers) == [] && kept(5, []) == [])
  }

  /// Keys before rotation of two heads, their thresholds, and the store that holds them; values have two outliers each.
  private struct Trial {
    let raw: [[Float]]
    let book: BookLayer
    let store: StoreTrial

    init(cap: Int?, tokens: Int) {
      let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 1, headDim: 64, element: .float32)
      let settings = BookSettings(bits: 4, outlier: 0.02, sink: 0, levels: .uniform, normalises: false, cap: cap)
      var draw = SeededNumbers(31)
      book = BookLayer(
        keys: [draw.numbers(500 * 128)], values: [draw.numbers(500 * 128)], width: 128, settings: settings)
      let rotary = BookStoreTests.rotary(64)
      store = StoreTrial(LearntBookCodec(settings: settings, books: [book], rotary: rotary), shape, seed: 1)
      // Wider than what was learnt from, so that many are outliers.
      raw = (0..<2).map { _ in draw.numbers(tokens * 64, scale: 2) }
      for head in 0..<2 {
        var turned = raw[head]
        turned.withUnsafeMutableBufferPointer { rows in
          guard let base = rows.baseAddress else { return }
          for token in 0..<tokens { rotary.turn(base + token * 64, by: token) }
        }
        let values = (0..<tokens * 64).map { Float($0 % 64 + head * 64) }
        store.append(head: head, keys: turned, values: values)
      }
      store.store.finishPrefill()
    }

    /// A token's outliers over both heads: how many lie above and below the thresholds.
    func ends(_ token: Int) -> (upper: Int, lower: Int) {
      var ends = (upper: 0, lower: 0)
      for channel in 0..<128 {
        let number = raw[channel / 64][token * 64 + channel % 64]
        if number > book.keyUpper[channel] { ends.upper += 1 }
        if number < book.keyLower[channel] { ends.lower += 1 }
      }
      return ends
    }
  }

  @Test(
    "a token's keys have at most so many exact numbers an end, over all heads, four bytes each", arguments: [0, 1, 3])
  func bytes(_ cap: Int) {
    let tokens = 50
    let all = Trial(cap: nil, tokens: tokens)
    let capped = Trial(cap: cap, tokens: tokens)
    let ends = (0..<tokens).map(all.ends)
    #expect(ends.contains { $0.upper > 3 } && ends.contains { $0.lower > 3 })
    // Values 0 to 127: the quantiles of 2 % lie between the first two and the last two of each end.
    let values = 4 * tokens
    #expect(all.store.store.bytes.corrections == 4 * (values + ends.reduce(0) { $0 + $1.upper + $1.lower }))
    #expect(
      capped.store.store.bytes.corrections
        == 4 * (values + ends.reduce(0) { $0 + min(cap, $1.upper) + min(cap, $1.lower) }))
    #expect(capped.store.store.bytes.payload == all.store.store.bytes.payload)
    // Sheet, "Memory": what the cap bounds is the outlier term.
    #expect(capped.store.store.bytes.corrections <= tokens * (2 * cap * 4 + 16))
  }

  @Test("the farthest stays exact, the others are restored as the thresholds they lie beyond")
  func restored() {
    let tokens = 40
    let trial = Trial(cap: 1, tokens: tokens)
    let rotary = BookStoreTests.rotary(64)
    let held = (0..<2).map { head in
      var keys = trial.store.store.decoded(head: head).keys
      keys.withUnsafeMutableBufferPointer { rows in
        guard let base = rows.baseAddress else { return }
        for token in 0..<tokens { rotary.turn(base + token * 64, by: -token) }
      }
      return keys
    }
    for token in 0..<tokens {
      var beyond: [(distance: Float, exact: Bool)] = []
      for channel in 0..<128 {
        let (head, place) = (channel / 64, token * 64 + channel % 64)
        let limits = BookLimits(lower: trial.book.keyLower[channel], upper: trial.book.keyUpper[channel])
        let number = trial.raw[head][place]
        guard number > limits.upper else { continue }
        let isExact = abs(held[head][place] - number) < 2e-3 * number
        #expect(isExact || abs(held[head][place] - limits.upper) < 2e-3 * limits.upper)
        // Close to its threshold a number may look exact either way.
        if number > 1.01 * limits.upper { beyond.append(((number - limits.offset) / limits.range, isExact)) }
      }
      let order = beyond.sorted { $0.distance > $1.distance }
      #expect(order.first?.exact != false)
      #expect(!order.dropFirst().contains { $0.exact })
    }
  }
}
