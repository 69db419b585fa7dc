import Foundation
import KernelABI
import Testing

@testable import Runtime

/// The checks and pitfalls of sheet minicache.
struct MinicacheTests {
  static func merge(_ a: [Float], _ b: [Float], _ mode: DirectionMerge.Mode = .slerp, t: Double) -> [Float] {
    let merge = DirectionMerge(mode: mode, t: t)
    var e = [Float](repeating: 9, count: a.count)
    merge.direction(a, b, angle: DirectionMerge.angle(a, b, a.count), a.count, into: &e)
    return e
  }

  @Test("the worked example: (3, 0) and (0, 4) halfway and at 0.6, restored to their own lengths")
  func worked() {
    let (a, b): ([Float], [Float]) = ([3, 0], [0, 4])
    #expect(abs(DirectionMerge.angle(a, b, 2) - .pi / 2) < 1e-12)
    for (t, e) in [(0.5, [Float(0.707107), 0.707107]), (0.6, [0.587785, 0.809017])] {
      let found = Self.merge(a, b, t: t)
      #expect(largestDifference(found, e) < 1e-6)
      #expect(largestDifference(found.map { 3 * $0 }, e.map { 3 * $0 }) < 3e-6)
    }
    #expect(largestDifference(Self.merge(a, b, t: 0.6).map { 3 * $0 }, [1.763356, 2.427051]) < 2e-6)
    #expect(largestDifference(Self.merge(a, b, t: 0.6).map { 4 * $0 }, [2.351141, 3.236068]) < 2e-6)
    #expect(largestDifference(Self.merge(a, b, .average, t: 0.6), [0.6, 0.8]) < 1e-6)
    #expect(Self.merge(a, b, .maxnorm, t: 0.6) == [0, 1])
  }

  @Test("a direction has length 1, whatever the vectors, the mode and t", arguments: DirectionMerge.Mode.allCases)
  func unit(_ mode: DirectionMerge.Mode) {
    var numbers = SeededNumbers(3)
    for index in 0..<40 {
      let a = numbers.numbers(64, scale: index % 3 == 0 ? 1e-3 : 40)
      let b = index % 5 == 0 ? a.map { $0 * 2.5 } : numbers.numbers(64)
      let e = Self.merge(a, b, mode, t: Double(index) / 39)
      #expect(abs(DirectionMerge.length(e, 64) - 1) < 1e-6)
    }
  }

  @Test("parallel vectors share their direction exactly, and angles near 0 and pi are told apart")
  func parallel() {
    let a = SeededNumbersRow.row(5)
    let length = DirectionMerge.length(a, 64)
    for factor: Float in [1, 3.5, 1e-4] {
      let e = Self.merge(a, a.map { factor * $0 }, t: 0.6)
      for channel in 0..<64 { #expect(abs(Double(e[channel]) * length - Double(a[channel])) < 1e-6 * length) }
    }
    #expect(DirectionMerge.angle([1, 0], [1, 1e-6], 2) > 9e-7)
    #expect(abs(DirectionMerge.angle([1, 0], [-1, 1e-6], 2) - (.pi - 1e-6)) < 1e-9)
    #expect(DirectionMerge.angle([0, 0], [1, 2], 2) == 0)
    #expect(Self.merge([0, 0], [3, 4], t: 0.6) == [0.6, 0.8])
    #expect(Self.merge([0, 0], [0, 0], t: 0.6) == [0, 0])
  }

  @Test("distances 0.05, 0.10, 0.12, 0.30, 0.32: gamma 0 and 0.05 retain the last, 0.1 the last two, 1 all")
  func retention() {
    let distances = [0.05, 0.10, 0.12, 0.30, 0.32]
    func retained(_ gamma: Double) -> [Int] {
      let limit = RetentionRule(gamma: gamma).limit(least: 0.05, most: 0.32)
      return distances.indices.filter { distances[$0] >= limit }
    }
    #expect(retained(0) == [4] && retained(0.05) == [4])
    #expect(retained(0.1) == [3, 4])
    #expect(retained(1) == [0, 1, 2, 3, 4])
  }

  @Test("pairs from half of the layers on; 30 layers are 15 plain ones, 7 pairs and one left over")
  func pairs() throws {
    func firsts(_ start: Double, _ layers: Int) throws -> [Int] {
      try #require(try Compressor("minicache", ["start": .float(start)]).slots.share as? LayerPairs).firsts(
        layers: layers)
    }
    #expect(try firsts(0.5, 30) == [15, 17, 19, 21, 23, 25, 27])
    #expect(try firsts(0, 4) == [0, 2])
    #expect(try firsts(0.25, 4) == [1])
    #expect(try firsts(0.3, 10) == [3, 5, 7])
    #expect(try firsts(1, 4) == [])
  }

  /// Two stores of a pair that are given the same number of tokens.
  struct Trial {
    let shape: CacheShape
    let stores: [any LayerStore]
    private(set) var numbers: SeededNumbers
    /// Keys and values as given, [layer][head].
    private(set) var keys: [[[Float]]]
    private(set) var values: [[[Float]]]
    private(set) var tokens = 0

    init(
      _ integers: [String: Int] = [:], _ given: [String: ParameterValue] = [:], kvHeads: Int = 3,
      element: FloatElement = .float32, set: InstructionSet = .base, seed: Int
    ) throws {
      shape = CacheShape(layers: 2, kvHeads: kvHeads, groupHeads: 1, headDim: 64, element: element)
      var values: [String: ParameterValue] = ["start": .float(0)]
      for (name, value) in integers { values[name] = .int(value) }
      let compressor = try Compressor("minicache", values.merging(given) { $1 })
      stores = compressor.slots.makeStores(shape: shape, kernels: set.table)
      numbers = SeededNumbers(seed)
      keys = [[[Float]]](repeating: [[Float]](repeating: [], count: kvHeads), count: 2)
      self.values = keys
    }

    /// Appends tokens to both layers; the deeper layer's are near the shallower's, as those of a model are.
    mutating func append(_ count: Int, spread: Float = 0.5) {
      for head in 0..<shape.kvHeads {
        let rows = (0..<2).map { _ in numbers.numbers(count * 64) }
        for layer in 0..<2 {
          let own = rows.map { row in row.map { layer == 0 ? $0 : 1.5 * $0 + spread * numbers.normal() } }
          stores[layer].append(head: head, keys: own[0], values: own[1], stride: 64, tokens: count)
          keys[layer][head] += own[0]
          values[layer][head] += own[1]
        }
      }
      tokens += count
    }

    mutating func prefill(_ count: Int, spread: Float = 0.5) {
      append(count, spread: spread)
      for store in stores { store.finishPrefill() }
    }

    mutating func decode(_ count: Int) {
      for _ in 0..<count {
        append(1)
        for store in stores { store.finishStep() }
      }
    }

    mutating func drawn(_ count: Int) -> [Float] { (0..<count).map { _ in numbers.normal() } }

    var pair: MergedPair? { (stores[0] as? MergedStore)?.pair }
  }

  @Test("lengths are restored exactly and the direction is shared; retained and newest tokens are what was given")
  func restored() throws {
    var trial = try Trial(["residual": 32], ["threshold": .float(0.3)], seed: 1)
    trial.prefill(150)
    trial.decode(75)
    let pair = try #require(trial.pair)
    #expect(pair.count == 224)
    #expect(!pair.keptKeys.slots.isEmpty && pair.keptKeys.slots.count < 112)
    for head in 0..<3 {
      let decoded = trial.stores.map { $0.decoded(head: head) }
      for (given, found, kept) in [
        (trial.keys, decoded.map(\.keys), pair.keptKeys), (trial.values, decoded.map(\.values), pair.keptValues),
      ] {
        for token in 0..<225 {
          let rows = (0..<2).map { Array(found[$0][token * 64..<(token + 1) * 64]) }
          let originals = (0..<2).map { Array(given[$0][head][token * 64..<(token + 1) * 64]) }
          if token >= 224 || kept.place(token) != nil {
            #expect(rows == originals)
          } else {
            let lengths = (0..<2).map { DirectionMerge.length(rows[$0], 64) }
            for layer in 0..<2 {
              #expect(abs(lengths[layer] / DirectionMerge.length(originals[layer], 64) - 1) < 1e-6)
            }
            #expect(DirectionMerge.angle(rows[0], rows[1], 64) < 1e-5)
            let between = DirectionMerge.angle(originals[0], originals[1], 64)
            #expect(abs(DirectionMerge.angle(rows[0], originals[0], 64) - 0.6 * between) < 1e-5)
            #expect(abs(DirectionMerge.angle(rows[1], originals[1], 64) - 0.4 * between) < 1e-5)
          }
        }
      }
    }
  }

  @Test("tokens are retained by their distance averaged over heads, in both layers, keys and values by themselves")
  func retainedTokens() throws {
    var trial = try Trial(["residual": 0], ["threshold": .float(0.2)], seed: 2)
    trial.prefill(90)
    let pair = try #require(trial.pair)
    #expect(pair.keptKeys.slots != pair.keptValues.slots)
    for (given, kept) in [(trial.keys, pair.keptKeys), (trial.values, pair.keptValues)] {
      let distances = (0..<90).map { token in
        (0..<3).reduce(0.0) { sum, head in
          let rows = (0..<2).map { Array(given[$0][head][token * 64..<(token + 1) * 64]) }
          return sum + DirectionMerge.angle(rows[0], rows[1], 64) / .pi / 3
        }
      }
      let (least, most) = (distances.min() ?? 0, distances.max() ?? 0)
      let expected = distances.indices.filter { distances[$0] >= most - 0.2 * (most - least) }
      #expect(kept.slots.map(Int.init) == expected)
    }
  }

  @Test("which later tokens are retained follows the bounds of the prompt")
  func fixedBounds() throws {
    var trial = try Trial(["residual": 0], ["threshold": .float(0)], seed: 3)
    trial.prefill(50, spread: 0.2)
    let pair = try #require(trial.pair)
    #expect(pair.keptKeys.slots.count == 1)
    // Twice as far apart as the prompt: all are beyond its most distant token.
    for _ in 0..<5 {
      trial.append(1, spread: 2)
      for store in trial.stores { store.finishStep() }
    }
    #expect(pair.keptKeys.slots.suffix(5) == [50, 51, 52, 53, 54])
  }

  @Test("opposite vectors are retained, however large the others' range is, as are lengths that half precision lacks")
  func opposite() throws {
    var trial = try Trial(["residual": 0], ["threshold": .float(0)], kvHeads: 1, element: .float16, seed: 4)
    trial.append(20)
    let row = SeededNumbersRow.row(7).map { Half.round($0) }
    let large = [Float](repeating: 60_000, count: 64)
    for layer in 0..<2 {
      trial.stores[layer].append(
        head: 0, keys: layer == 0 ? row : row.map { -$0 }, values: layer == 0 ? large : row, stride: 64, tokens: 1)
    }
    for store in trial.stores { store.finishPrefill() }
    let pair = try #require(trial.pair)
    #expect(pair.keptKeys.slots.contains(20) && pair.keptValues.slots.contains(20))
    #expect(Array(trial.stores[1].decoded(head: 0).keys.suffix(64)) == row.map { -$0 })
    #expect(Array(trial.stores[0].decoded(head: 0).values.suffix(64)) == large)
  }

  @Test(
    "scores and sums are those of the restored rows, over merged, retained and newest tokens",
    arguments: [16, 4, 2], InstructionSet.available)
  func attention(_ bits: Int, _ set: InstructionSet) throws {
    for element in [FloatElement.float32, .float16] {
      var trial = try Trial(
        ["bits": bits, "residual": 32], ["threshold": .float(0.4)], kvHeads: 2, element: element, set: set, seed: bits)
      trial.prefill(230)
      trial.decode(50)
      for store in trial.stores {
        for (head, range) in [(0, 0..<280), (1, 32..<279), (0, 224..<280), (1, 64..<200), (0, 256..<280)] {
          let queries = trial.drawn(3 * 64)
          let weights = (0..<3).map { _ in trial.drawn(range.count).map(abs) }
          var scores = [Float](repeating: 0, count: 3 * 320)
          store.scores(head: head, queries: queries, rows: 3, tokens: range, out: &scores, outStride: 320)
          var flat = [Float](repeating: .nan, count: 3 * 320)
          for row in 0..<3 { for index in 0..<range.count { flat[row * 320 + index] = weights[row][index] } }
          var sums = [Float](repeating: 0, count: 3 * 64)
          store.accumulate(head: head, weights: flat, weightStride: 320, rows: 3, tokens: range, acc: &sums)
          let (keys, values) = store.decoded(head: head)
          let tolerance = bits == 16 ? 2e-5 : 6e-4
          for row in 0..<3 {
            for (index, token) in range.enumerated() {
              let expected = (0..<64).reduce(0.0) {
                $0 + Double(queries[row * 64 + $1]) * Double(keys[token * 64 + $1])
              }
              #expect(abs(Double(scores[row * 320 + index]) - expected) < tolerance * 64 * 6)
            }
            for channel in 0..<64 {
              let expected = range.enumerated().reduce(0.0) {
                $0 + Double(weights[row][$1.offset]) * Double(values[$1.element * 64 + channel])
              }
              #expect(abs(Double(sums[row * 64 + channel]) - expected) < tolerance * Double(range.count) * 4)
            }
          }
        }
      }
    }
  }

  @Test("the sheet's bytes: 792 a merged token of a pair, 1,536 and an index per set for a retained one")
  func bytes() throws {
    var trial = try Trial(["residual": 128], ["threshold": .float(0.1)], element: .float16, seed: 5)
    trial.prefill(512)
    let pair = try #require(trial.pair)
    let kept = pair.keptKeys.slots.count + pair.keptValues.slots.count
    let bytes = trial.stores.map(\.bytes)
    #expect(bytes[0].counted + bytes[1].counted == 512 * 792 + kept * (768 + 4))
    #expect(bytes[0].payload == bytes[1].payload && bytes[0].exactTail == 0)
    // Each layer reads all of what is shared.
    for store in trial.stores {
      #expect(store.readBytes == 512 * (768 + 12) + kept * (384 + 4))
      let ranges = (0..<3).map { store.readBytes(head: $0, tokens: 0..<512, heads: 3) }
      #expect(ranges.reduce(0, +) == store.readBytes)
    }
    trial.decode(100)
    let later = trial.stores.map(\.bytes)
    #expect(later[0].exactTail == 100 * 768 && later[1].exactTail == 100 * 768)
    #expect(later[0].payload == bytes[0].payload)
    trial.decode(28)
    #expect(trial.stores.map(\.bytes.exactTail) == [0, 0])
    #expect(pair.count == 640)
    let keptLater = pair.keptKeys.slots.count + pair.keptValues.slots.count
    #expect(trial.stores.reduce(0) { $0 + $1.bytes.counted } == 640 * 792 + keptLater * 772)
  }

  @Test("codes of 4 bits: 1 byte a direction's channel with scales, lengths and retained rows in half precision")
  func packedBytes() throws {
    var trial = try Trial(["residual": 128, "bits": 4], element: .float16, seed: 6)
    trial.prefill(600)
    let pair = try #require(trial.pair)
    let kept = pair.keptKeys.slots.count + pair.keptValues.slots.count
    let bytes = trial.stores.reduce(ByteCount()) { $0 + $1.bytes }
    #expect(bytes.payload == 512 * 192)
    #expect(bytes.scales == 512 * (2 * 192 * 4 / 32 + 24))
    #expect(bytes.exactTail == 2 * 88 * 768)
    #expect(bytes.corrections == kept * 768 && bytes.metadata == kept * 4)
  }

  @Test("the bits told of each token add up to the bytes of directions, retained tokens and tails", arguments: [16, 4])
  func storedBits(_ bits: Int) throws {
    var trial = try Trial(["residual": 32, "bits": bits], element: .float16, seed: 6)
    trial.prefill(150)
    let told = trial.stores.reduce(0.0) { total, store in
      total + (0..<3).flatMap(store.storedBits).reduce(0) { $0 + ($1.key + $1.value) * 64 / 8 }
    }
    let bytes = trial.stores.reduce(ByteCount()) { $0 + $1.bytes }
    #expect(told == Double(bytes.payload + bytes.corrections + bytes.exactTail))
    #expect(bytes.corrections > 0)
  }

  @Test("30 layers of SmolLM2 come to the sheet's mean of 594.4 bytes a token and layer, retained tokens apart")
  func modelBytes() throws {
    let shape = CacheShape(layers: 30, kvHeads: 3, groupHeads: 3, headDim: 64)
    let stores = try Compressor("minicache").slots.makeStores(shape: shape, kernels: InstructionSet.base.table)
    #expect(stores.map { $0 is MergedStore } == (0..<30).map { (15..<29).contains($0) })
    var numbers = SeededNumbers(8)
    let rows = (0..<30).map { _ in numbers.numbers(256 * 64) }
    for (layer, store) in stores.enumerated() {
      for head in 0..<3 {
        store.append(head: head, keys: rows[layer], values: rows[29 - layer], stride: 64, tokens: 256)
      }
      store.finishPrefill()
    }
    let bytes = stores.reduce(ByteCount()) { $0 + $1.bytes }
    let mean = Double(bytes.counted - bytes.corrections - bytes.metadata) / 256 / 30
    #expect(abs(mean - 594.4) < 1e-6)
    // 5 % retained in both sets: the sheet's 612.4.
    #expect(abs(mean + 0.05 * (1_536 + 8) * 7 / 30 - 612.4) < 0.05)
  }

  static let tiny = TinyModel(
    layers: 5, kvHeads: 2, groupHeads: 3, headDim: 32, contextTokens: 1_024, isQuantised: true, seed: 73)
  static let model = Result { try tiny.model(.mixed) }

  private func logits(_ given: [String: ParameterValue]?, prompt: Int, steps: Int = 45) throws -> [[Float]] {
    let text = Self.tiny.text(prompt + steps)
    let compressor = try given.map { try Compressor("minicache", $0) } ?? .none
    return try EngineTrial(Self.model.get(), threads: 2).logits(
      Array(text[..<prompt]), then: Array(text[prompt...]), compressor)
  }

  @Test(
    "no pairs, and every token retained, give the baseline's bits", arguments: [1, 40, 700],
    [
      ["start": .float(1)], ["start": .float(0), "threshold": .float(1), "residual": .int(0)],
      ["start": .float(0), "threshold": .float(1), "residual": .int(32)],
      ["start": .float(0), "threshold": .float(1), "residual": .int(7)],
    ] as [[String: ParameterValue]])
  func lossless(_ prompt: Int, _ given: [String: ParameterValue]) throws {
    expectBits(try logits(given, prompt: prompt), try logits(nil, prompt: prompt))
  }

  @Test("the prompt's own logits are the baseline's; later ones are not, once a token has been merged")
  func merges() throws {
    let baseline = try logits(nil, prompt: 100)
    for given in [
      ["residual": .int(32)], ["residual": .int(0)], ["mode": .word("average"), "residual": .int(16)],
      ["mode": .word("maxnorm"), "residual": .int(16)], ["bits": .int(4), "residual": .int(32)],
    ] as [[String: ParameterValue]] {
      let found = try logits(given, prompt: 100)
      expectBits([found[0]], [baseline[0]])
      expectBits([found[1]], [baseline[1]], areEqual: false)
      #expect(found.allSatisfy { $0.allSatisfy(\.isFinite) })
    }
    // Nothing is merged before the residual is full.
    let later = try logits(["residual": .int(128)], prompt: 100)
    expectBits(Array(later[...27]), Array(baseline[...27]))
    expectBits([later[30]], [baseline[30]], areEqual: false)
  }

  @Test("a pair counts its bytes once: sequences hold less than the baseline, and their peak both at once")
  func sequenceBytes() throws {
    let trial = try EngineTrial(Self.model.get(), threads: 1)
    let pass = trial.pass()
    let compressor = try Compressor("minicache", ["start": .float(0), "residual": .int(0), "threshold": .float(0)])
    let (cache, _) = try trial.prefill(Self.tiny.text(300), compressor, on: pass)
    let exact = 300 * 2 * 2 * 32 * 2
    #expect(cache.layers.map { $0.store is MergedStore } == [true, true, true, true, false])
    let kept = cache.layers.reduce(0) { $0 + $1.bytes.corrections + $1.bytes.metadata }
    #expect(cache.bytes.counted == 3 * exact + 300 * 2 * 2 * 2 * 2 * 2 + kept)
    // The second pair merges while the first is merged.
    #expect(cache.peakBytes >= 3 * exact && cache.peakBytes < 5 * exact)
    let foretold = compressor.slots.foretoldBytes(prompt: 300, tokens: 300, shape: trial.model.cacheShape)
    #expect(foretold >= cache.bytes.held)
  }

  @Test("what cannot be shared is refused with the reason; a selector and a codec beside it are not")
  func refusals() throws {
    func problem(_ body: () throws -> Void) -> RuntimeProblem? {
      do {
        try body()
        return nil
      } catch { return error as? RuntimeProblem }
    }
    let minicache = try Compressor.of("minicache")
    #expect(
      problem { _ = try Compressor.of("minicache", ["bits": 4, "residual": 40]) }
        == RuntimeProblem(
          "K304", seen: "minicache: bits=4 with residual=40", expected: "a multiple of 32, the group of its codes"))
    #expect(
      problem { _ = try minicache.composed(with: .of("h2o", words: ["variant": "prefill"])) }
        == RuntimeProblem(
          "K306",
          seen: "minicache | h2o variant=prefill would drop tokens of one layer that another layer still shares",
          expected: "a method that keeps every token", suggestion: "leave one of them out"))
    #expect(
      problem { try minicache.check(shape: .init(layers: 2, kvHeads: 1, groupHeads: 1, headDim: 64)) }
        == RuntimeProblem(
          "K305", seen: "minicache: start=0.5 leaves no pair among 2 layers",
          expected: "two layers at least from start on", suggestion: "use start=0.5"))
    let text = Self.tiny.text(200)
    let trial = try EngineTrial(Self.model.get())
    for other in [try Compressor.of("kivi", ["residual": 32]), try .of("quest", ["budget": 48, "skip": 0])] {
      let alone = try trial.logits(Array(text[..<190]), then: Array(text[190...]), minicache)
      let both = try trial.logits(Array(text[..<190]), then: Array(text[190...]), minicache.composed(with: other))
      expectBits([both[0]], [alone[0]])
      expectBits([both[5]], [alone[5]], areEqual: false)
    }
  }
}

/// One row of numbers.
enum SeededNumbersRow {
  static func row(_ seed: Int) -> [Float] {
    var numbers = SeededNumbers(seed)
    return numbers.numbers(64)
  }
}
