import KernelABI
import Testing

@testable import Runtime

/// KVQuant's cache: keys before rotation, outliers in place, exact first tokens, bytes.
struct BookStoreTests {
  static let settings = BookSettings(bits: 3, outlier: 0.01, sink: 0, levels: .nuq, normalises: false)

  static func rotary(_ headDim: Int, pairs: ModelConfiguration.RotaryPairs = .halves, channels: Int? = nil)
    -> RotaryTable
  {
    var configuration = RotaryTableTests.configuration(headDim: headDim, context: 1_024)
    configuration.rotaryPairs = pairs
    configuration.rotaryChannels = channels
    return RotaryTable(configuration)
  }

  /// A codec that has learnt from random keys like those of the trial.
  static func codec(_ settings: BookSettings, kvHeads: Int, headDim: Int, seed: Int = 0) -> LearntBookCodec {
    var draw = SeededNumbers(77)
    let width = kvHeads * headDim
    let book = BookLayer(
      keys: [draw.numbers(400 * width)], values: [draw.numbers(400 * width, scale: 0.5)], width: width,
      settings: settings)
    return LearntBookCodec(
      settings: settings, books: [book],
      rotary: rotary(
        headDim, pairs: seed % 2 == 0 ? .halves : .adjacent, channels: seed % 3 == 2 ? headDim / 2 : nil))
  }

  static func trial(
    _ settings: BookSettings, kvHeads: Int = 2, headDim: Int = 64, set: InstructionSet = .base, seed: Int = 5
  ) -> StoreTrial {
    let shape = CacheShape(layers: 1, kvHeads: kvHeads, groupHeads: 3, headDim: headDim)
    return StoreTrial(
      codec(settings, kvHeads: kvHeads, headDim: headDim, seed: seed), shape, set: set, seed: seed)
  }

  static let kinds: [BookSettings] = [2, 3, 4, 5].flatMap { bits in
    [
      BookSettings(bits: bits, outlier: 0.01, sink: 0, levels: .nuq, normalises: false),
      BookSettings(bits: bits, outlier: 0, sink: 3, levels: .uniform, normalises: false),
      BookSettings(bits: bits, outlier: 0.05, sink: 1, levels: .nf, normalises: true),
    ]
  }

  @Test("scores and sums are those of double precision over what it holds", arguments: kinds, InstructionSet.available)
  func attends(_ settings: BookSettings, _ set: InstructionSet) {
    for trial in 0..<6 {
      var draw = SeededNumbers(trial &* 13 &+ 1)
      let headDim = [32, 64, 128].randomElement(using: &draw) ?? 64
      var store = Self.trial(settings, headDim: headDim, set: set, seed: trial)
      store.append(draw.int(1...300))
      if trial % 2 == 1 {
        // A keep method has left gaps: positions are no longer slots.
        let count = store.store.count(head: 0)
        store.store.keep(head: 0, slots: (0..<count).filter { $0 % 3 != 1 })
        store.store.keep(head: 1, slots: (0..<count).filter { $0 % 2 == 0 || $0 > count - 9 })
      }
      store.store.finishPrefill()
      store.decode(draw.int(0...70))
      for head in 0..<2 {
        let count = store.store.count(head: head)
        for rows in [1, 3, 6] {
          let first = draw.int(0...(count - 1)) / 32 * 32
          for range in [0..<count, first..<count] {
            let weights = (0..<rows).map { _ in range.map { _ in Float.random(in: 0...1, using: &draw) } }
            #expect(store.scoreError(head, draw.numbers(rows * headDim), range) < 2e-6)
            #expect(store.valueError(head, weights, range) < 2e-6)
          }
        }
      }
    }
  }

  @Test("a row's scores have the same bits alone as in a batch")
  func rows() {
    for set in InstructionSet.available {
      var store = Self.trial(Self.settings, set: set)
      store.prefill(205)
      store.decode(11)
      var draw = SeededNumbers(9)
      let queries = draw.numbers(9 * 64)
      let scores = store.scores(1, queries, 32..<216)
      for row in 0..<9 {
        #expect(store.scores(1, Array(queries[row * 64..<(row + 1) * 64]), 32..<216)[0] == scores[row])
      }
    }
  }

  @Test("keys are quantised before they are turned: the codes of a key do not depend on its position")
  func beforeRotation() {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: 64, element: .float32)
    let store = StoreTrial(Self.codec(Self.settings, kvHeads: 1, headDim: 64), shape, seed: 1)
    let rotary = Self.rotary(64)
    var draw = SeededNumbers(3)
    let key = (0..<64).map { _ in draw.normal() }
    var keys: [Float] = []
    for position in 0..<40 {
      var turned = key
      rotary.turn(&turned, by: position)
      keys += turned
    }
    store.append(head: 0, keys: keys, values: keys)
    store.store.finishPrefill()
    let held = store.store.decoded(head: 0).keys
    var first = Array(held[..<64])
    for position in 1..<40 {
      rotary.turn(&first, by: 1)
      for channel in 0..<64 { #expect(abs(first[channel] - held[position * 64 + channel]) < 1e-3) }
    }
    // Codes of turned keys, in contrast, would differ: so does what they restore.
    #expect(zip(held, keys).contains { abs($0 - $1) > 0.01 })
  }

  @Test("with every key an outlier and the first tokens exact the cache is the exact one but for rounding")
  func exact() {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 3, headDim: 64)
    let book = BookLayer(
      keyLower: Array(repeating: 9, count: 64), keyUpper: Array(repeating: -9, count: 64), keys: .uniform(bits: 2),
      values: .uniform(bits: 2))
    let settings = BookSettings(bits: 2, outlier: 0.01, sink: 0, levels: .uniform, normalises: false)
    let codec = LearntBookCodec(settings: settings, books: [book], rotary: Self.rotary(64))
    var store = StoreTrial(codec, shape, seed: 2)
    var exact = StoreTrial(nil, shape, seed: 2)
    store.prefill(130)
    exact.prefill(130)
    var draw = SeededNumbers(1)
    let queries = draw.numbers(3 * 64)
    let found = store.scores(0, queries, 0..<130)
    let truth = exact.scores(0, queries, 0..<130)
    let largest = truth.joined().reduce(0) { max($0, abs($1)) }
    for row in 0..<3 { #expect(zip(found[row], truth[row]).allSatisfy { abs($0 - $1) < 2e-3 * largest }) }
    #expect(store.store.bytes.corrections >= 130 * 64 * 4)
  }

  @Test("as many exact first tokens as there are is the exact cache, bit for bit")
  func sinks() {
    let settings = BookSettings(bits: 2, outlier: 0.01, sink: 16, levels: .nuq, normalises: false)
    var store = Self.trial(settings)
    var exact = StoreTrial(nil, store.shape, seed: 5)
    store.prefill(12)
    exact.prefill(12)
    var draw = SeededNumbers(1)
    let queries = draw.numbers(3 * 64)
    let weights = [draw.numbers(12), draw.numbers(12)]
    #expect(store.scores(1, queries, 0..<12) == exact.scores(1, queries, 0..<12))
    #expect(store.accumulated(1, weights, 0..<12) == exact.accumulated(1, weights, 0..<12))
    #expect(store.store.bytes.payload == 0 && store.store.bytes.corrections == 0)
  }

  @Test("bytes a token are the sheet's: 196 dense at 4 bits; outliers as they are counted", arguments: [2, 3, 4, 5])
  func bytes(_ bits: Int) {
    for outlier in [0, 0.01] {
      let settings = BookSettings(bits: bits, outlier: outlier, sink: 0, levels: .nuq, normalises: false)
      var store = Self.trial(settings, kvHeads: 3)
      store.prefill(201)
      store.decode(30)
      let bytes = store.store.bytes
      #expect(bytes.payload == 231 * 2 * 192 * bits / 8)
      #expect(bytes.scales == 231 * 4)
      #expect(bytes.exactTail == 0 && bytes.metadata == 0)
      // Values: one an end of each token (ties aside). Keys: those beyond the calibration's thresholds, about 1 %.
      let values = 231 * 2
      #expect(outlier > 0 || bytes.corrections == 0)
      if outlier > 0 {
        #expect(bytes.corrections >= values * 4 && bytes.corrections < (values + 231 * 192 / 40) * 4)
        #expect(bytes.corrections % 4 == 0)
      }
      #expect(store.store.takePeakBytes() >= bytes.held)
      if bits == 4, outlier == 0 { #expect(bytes.counted == 231 * 196) }
    }
  }
}
