import Testing

@testable import Runtime

/// Every store attends in its own format; this holds each to plain attention over what it says it holds.
struct StoreAttentionTests {
  /// A codec with the residual or interval that random lengths are drawn around; nil is the exact cache.
  struct Kind: CustomTestStringConvertible, Sendable {
    let testDescription: String
    let codec: (any Codec)?
    let group: Int
    let single: Bool

    init(_ name: String, _ codec: (any Codec)?, group: Int = 1, single: Bool = false) {
      testDescription = name
      self.codec = codec
      self.group = group
      self.single = single
    }

    static let all: [Kind] = exact + grouped + tensors + groups + rotated + sketched

    private static let exact = [Kind("exact f16", nil), Kind("exact f32", nil, single: true)]

    private static let grouped: [Kind] = {
      var kinds: [Kind] = []
      for (keys, values) in [(2, 2), (4, 4), (8, 8), (2, 4), (8, 2)] {
        for group in [32, 64] {
          let codec = GroupedCodec(keyBits: keys, valueBits: values, group: group, residual: 2 * group)
          kinds.append(Kind("grouped \(keys)/\(values) bits, group \(group)", codec, group: group))
        }
      }
      return kinds
    }()

    private static let tensors: [Kind] = {
      var kinds: [Kind] = []
      for bits in [4, 8] {
        for (outlier, rank) in [(0.02, 0.02), (0, 0.1), (0.1, 0)] {
          let settings = GearTensorSettings(
            bits: bits, outlier: outlier, rank: rank, loops: 3, interval: 20, seed: 7)
          kinds.append(
            Kind("gear tensor \(bits) bits, outlier \(outlier), rank \(rank)", GearTensorCodec(settings: settings)))
        }
      }
      return kinds
    }()

    private static let groups: [Kind] = {
      var kinds: [Kind] = []
      for bits in [2, 4] {
        for group in [32, 64] {
          let settings = GearGroupSettings(
            bits: bits, outlier: 0.04, rank: 4, rankDecode: 2, loops: 3, interval: 64, group: group, seed: 7)
          kinds.append(
            Kind("gear group \(bits) bits, group \(group)", GearGroupCodec(settings: settings), group: group))
        }
      }
      return kinds
    }()

    private static let sketched: [Kind] = [(32, 0), (32, 5), (64, 8)].map { group, outliers in
      let settings = SketchSettings(outliers: outliers, outlierSketch: 32, group: group, residual: 2 * group)
      return Kind("sketched, \(outliers) outliers of \(group)", SketchCodec(settings: settings), group: group)
    }

    private static let rotated: [Kind] = [(2, 2, nil), (3, 3, 32), (4, 4, nil), (4, 2, 64), (8, 8, nil)].map {
      (keys: Int, values: Int, group: Int?) in
      let settings = RotatedSettings(
        keyBits: keys, valueBits: values, group: group, clip: 0.95, symmetric: keys == 4 && values == 2, rotates: true,
        quantisesPrompt: false)
      return Kind("rotated \(keys)/\(values) bits", RotatedCodec(settings: settings), group: group ?? 1)
    }
  }

  @Test(
    "scores and sums of any store equal double precision over what it decodes to, within 2e-6 of the magnitudes and fixed point's half step",
    arguments: Kind.all)
  func attendsWhatItHolds(_ kind: Kind) {
    for trial in 0..<12 {
      var draw = SeededNumbers(trial &* 31 &+ 5)
      let headDim = [32, 64, 128].filter { $0 % kind.group == 0 }.randomElement(using: &draw) ?? 128
      let shape = CacheShape(
        layers: 4, kvHeads: draw.int(1...3), groupHeads: 3, headDim: headDim,
        element: kind.single ? .float32 : .float16)
      let set = InstructionSet.available.randomElement(using: &draw) ?? .base
      var store = StoreTrial(kind.codec, shape, set: set, seed: trial)
      store.prefill(draw.int(1...300))
      store.decode(draw.int(0...90))
      let count = store.store.count(head: 0)
      for rows in [1, 2, 3, 4, 9] {
        let queries = draw.numbers(rows * headDim)
        let first = draw.int(0...(count - 1)) / 32 * 32
        let range =
          [0..<count, first..<count, first..<draw.int(first + 1...count)].randomElement(using: &draw) ?? 0..<count
        let weights = (0..<rows).map { _ in range.map { _ in Float.random(in: 0...1, using: &draw) } }
        let head = draw.int(0...shape.kvHeads - 1)
        #expect(store.scoreError(head, queries, range) < 2e-6, "\(kind.testDescription) \(set) \(shape) \(range)")
        #expect(store.valueError(head, weights, range) < 2e-6, "\(kind.testDescription) \(set) \(shape) \(range)")
      }
    }
  }

  @Test("a query row's scores and sums have the same bits alone as in a batch", arguments: Kind.all)
  func rowsAreIndependent(_ kind: Kind) {
    let shape = CacheShape(layers: 4, kvHeads: 2, groupHeads: 3, headDim: 64)
    for set in InstructionSet.available {
      var store = StoreTrial(kind.codec, shape, set: set, seed: 3)
      store.prefill(205)
      store.decode(11)
      var draw = SeededNumbers(9)
      let range = 32..<216
      let queries = draw.numbers(9 * 64)
      let weights = (0..<9).map { _ in range.map { _ in Float.random(in: 0...1, using: &draw) } }
      let scores = store.scores(1, queries, range)
      let sums = store.accumulated(1, weights, range)
      for row in 0..<9 {
        #expect(store.scores(1, Array(queries[row * 64..<(row + 1) * 64]), range)[0] == scores[row])
        #expect(store.accumulated(1, [weights[row]], range)[0] == sums[row])
      }
    }
  }

  @Test("a prompt is attended as if there were no codec until it is complete, bit for bit", arguments: Kind.all)
  func promptIsExact(_ kind: Kind) {
    let shape = CacheShape(
      layers: 4, kvHeads: 2, groupHeads: 3, headDim: 64, element: kind.single ? .float32 : .float16)
    var packed = StoreTrial(kind.codec, shape, seed: 5)
    var exact = StoreTrial(nil, shape, seed: 5)
    packed.append(333)
    exact.append(333)
    var draw = SeededNumbers(2)
    let queries = draw.numbers(5 * 64)
    let weights = (0..<5).map { _ in draw.numbers(333 - 64) }
    #expect(packed.scores(1, queries, 64..<333) == exact.scores(1, queries, 64..<333))
    #expect(packed.accumulated(1, weights, 64..<333) == exact.accumulated(1, weights, 64..<333))
  }

  @Test("heads of different lengths attend what they hold", arguments: Kind.all)
  func raggedHeads(_ kind: Kind) {
    let shape = CacheShape(layers: 4, kvHeads: 3, groupHeads: 1, headDim: 64)
    var store = StoreTrial(kind.codec, shape, seed: 12)
    store.append(230)
    store.store.keep(head: 0, slots: Array(stride(from: 1, to: 230, by: 2)))
    store.store.keep(head: 2, slots: [])
    store.store.finishPrefill()
    store.decode(25)
    for head in 0..<3 {
      let count = store.store.count(head: head)
      #expect(count == [115, 230, 0][head] + 25)
      var draw = SeededNumbers(head)
      let weights = [(0..<count).map { _ in Float.random(in: 0...1, using: &draw) }]
      #expect(store.scoreError(head, draw.numbers(128), 0..<count) < 2e-6)
      #expect(store.valueError(head, weights, 0..<count) < 2e-6)
    }
  }

  @Test("NaN and infinity in keys and values pass through without a trap", arguments: Kind.all)
  func notNumbers(_ kind: Kind) {
    let shape = CacheShape(layers: 1, kvHeads: 2, groupHeads: 1, headDim: 64)
    for poison in [Float.nan, .infinity, -.infinity, 1e30] {
      var store = StoreTrial(kind.codec, shape, seed: 1)
      for head in 0..<2 {
        var keys = [Float](repeating: 1, count: 200 * 64)
        keys[7] = poison
        keys[64 * 199 + 3] = poison
        store.append(head: head, keys: keys, values: keys)
      }
      store.store.finishPrefill()
      store.decode(70)
      #expect(store.store.count(head: 1) == 270)
      #expect(store.store.decoded(head: 1).keys.count == 270 * 64)
    }
  }
}
