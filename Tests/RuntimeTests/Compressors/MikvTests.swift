import KernelABI
import Testing

@testable import Runtime

/// The checks and pitfalls of sheet mikv.
struct MikvTests {
  static let kernels = InstructionSet.available.map(\.table)

  static func head(_ lowBits: Int, high: Int = 16, headDim: Int = 64, _ kernels: KernelTable) -> TieredHead {
    let shape = CacheShape(layers: 1, kvHeads: 1, groupHeads: 1, headDim: headDim, element: .float32)
    return TieredHead(
      shape, TieredSettings(highBits: high, lowBits: lowBits, group: nil, balances: true, upperShare: 0.2), kernels)
  }

  /// The first numbers of a row, the rest zeros.
  static func row(_ numbers: [Float], _ count: Int = 64) -> [Float] {
    numbers + [Float](repeating: 0, count: count - numbers.count)
  }

  @Test("the balancer multiplies keys, divides queries and leaves their product alone")
  func balancer() {
    for kernels in Self.kernels {
      let head = Self.head(4, kernels)
      let key = Self.row([1, 4])
      head.append(keys: key, values: key, stride: 64, tokens: 1, packs: false)
      // Channels of which a maximum is 0 are multiplied by 1.
      head.setBalance(queryMaxima: Self.row([4, 1, 7]))
      head.demote(keeping: [])
      var stored = Self.row([])
      head.lower.keys.read(0, into: &stored)
      // [2, 0.5] times [1, 4]: two equal numbers, the largest code of their group.
      let step = Half.round(2 / 15) * 15
      #expect(stored == Self.row([step, step]))
      var scores = [Float](repeating: .nan, count: 32)
      head.scores(Self.row([4, 1]), rows: 1, tokens: 0..<1, &scores, outStride: 32)
      #expect(abs(scores[0] - 8) < 0.01)
      // A balancer is computed once: what comes later does not change what is stored.
      head.setBalance(queryMaxima: Self.row([100, 100]))
      head.scores(Self.row([4, 1]), rows: 1, tokens: 0..<1, &scores, outStride: 32)
      #expect(abs(scores[0] - 8) < 0.01)
    }
  }

  @Test("the quantiser goes from the smallest number to the largest, halves to even")
  func quantiser() {
    let numbers: [Float] = [-1, 0.2, 0.5, 2]
    let quantiser = TierCodes.quantiser(numbers, 4, bits: 2)
    #expect(numbers.map { quantiser.restored(quantiser.code($0)) } == [-1, 0, 1, 2])
  }

  @Test("20 of 100 tokens stay important, ten newest and ten heaviest, and no token is ever lost")
  func tiers() throws {
    let trial = LayerTrial(try .of("mikv"))
    trial.prefill(100) { Float(($0 * 37) % 91) }
    let heaviest = (0..<90).sorted { a, b in
      let (x, y) = ((a * 37) % 91, (b * 37) % 91)
      return x != y ? x > y : a < b
    }.prefix(10)
    func important() -> Set<Int> {
      Set(trial.cache.positions(head: 0).dropFirst(trial.cache.store.demotedCount(head: 0)).map(Int.init))
    }
    #expect(important() == Set(heaviest).union(90..<100))
    for step in 1...30 {
      trial.step { _ in 0.01 }
      let tokens = 100 + step
      #expect(trial.positions() == Array(0..<tokens))
      for head in 0..<3 {
        #expect(trial.cache.store.demotedCount(head: head) == tokens - tokens / 5)
        #expect(
          trial.cache.store.storedBits(head: head).map(\.key).reduce(0, +) == Double(tokens / 5 * 14 + tokens * 2))
      }
      #expect(important().isSuperset(of: tokens - tokens / 10..<tokens))
    }
  }

  @Test("a demoted token is never promoted, whatever attention says later")
  func oneWay() throws {
    let trial = LayerTrial(try .of("mikv"))
    trial.prefill(100) { Float($0) }
    let before = Array(trial.cache.positions(head: 0).prefix(80))
    for _ in 0..<20 { trial.step { $0 < 40 ? 5 : 0 } }
    #expect(Array(trial.cache.positions(head: 0).prefix(80)) == before)
  }

  @Test("bits=0 keeps what h2o keeps with the same heavy and newest tokens")
  func evicts() throws {
    let (dropping, h2o) = (
      LayerTrial(try .of("mikv", ["bits": 0])), LayerTrial(try .of("h2o", ["heavy": 10, "recent": 10]))
    )
    for trial in [dropping, h2o] { trial.prefill(104) { Float(($0 * 29) % 83) } }
    #expect(dropping.positions() == h2o.positions())
    #expect(dropping.cache.bytes.payload == h2o.cache.bytes.payload)
    let text = LosslessTests.tiny.text(104)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    func logits(_ compressor: Compressor) throws -> [[Float]] {
      try trial.logits(Array(text[..<100]), then: Array(text[100...]), compressor)
    }
    // A fifth of 104 tokens is 20 still: the budget has not grown.
    expectBits(try logits(.of("mikv", ["bits": 0])), try logits(.of("h2o", ["heavy": 10, "recent": 10])))
  }

  @Test("ratio=1 with exact important tokens is the baseline to the bit", arguments: [1, 30, 560])
  func lossless(_ prompt: Int) throws {
    let text = LosslessTests.tiny.text(prompt + 20)
    let trial = try EngineTrial(LosslessTests.model.get(), threads: 1)
    let baseline = try trial.logits(Array(text[..<prompt]), then: Array(text[prompt...]))
    let found = try trial.logits(
      Array(text[..<prompt]), then: Array(text[prompt...]), Compressor("mikv", ["ratio": .float(1)]))
    expectBits(found, baseline)
  }

  /// Sheet mikv, Memory: bytes of a token and head in codes, and those of the bookkeeping it does not count.
  @Test(
    "held bytes are the sheet's formula",
    arguments: [
      (16, 2, 268.8), (8, 2, 201.6), (4, 2, 163.2), (16, 4, 345.6),
    ])
  func bytes(_ high: Int, _ low: Int, _ perToken: Double) throws {
    let trial = LayerTrial(try .of("mikv", ["hi_bits": high, "bits": low]))
    let tokens = 4_096
    trial.prefill(tokens) { Float($0 % 64) }
    let upper = tokens / 5
    func tokenBytes(_ bits: Int) -> Int { bits == 16 ? 256 : 2 * (64 * bits / 8 + 2 * 4) }
    let bytes = trial.cache.bytes
    #expect(bytes.payload + bytes.scales == 3 * (upper * tokenBytes(high) + (tokens - upper) * tokenBytes(low)))
    #expect(abs(Double(bytes.payload + bytes.scales) / Double(tokens) - perToken) < 0.2)
    // A position a token, a score an important token, the balancer of a head.
    #expect(bytes.metadata == 3 * (4 * tokens + 4 * upper + 4 * 64))
    #expect(trial.cache.takePeakBytes() >= tokens * 768)
  }

  @Test(
    "the sheet's shares of half precision at a head dimension of 128",
    arguments: [(16, 0.325), (8, 0.23125), (4, 0.18125)])
  func shares(_ high: Int, _ share: Double) throws {
    let trial = LayerTrial(try .of("mikv", ["hi_bits": high]), headDim: 128)
    trial.prefill(2_000) { Float($0 % 64) }
    let bytes = trial.cache.bytes
    #expect(Double(bytes.payload + bytes.scales) / Double(2_000 * 3 * 512) == share)
  }

  @Test("scores and sums over both tiers are those of what the store decodes to", arguments: [16, 8, 4], [2, 3, 4])
  func attention(_ high: Int, _ low: Int) {
    for kernels in Self.kernels {
      var numbers = SeededNumbers(high * 10 + low)
      let head = Self.head(low, high: high, kernels)
      let rows = numbers.numbers(150 * 64)
      head.append(keys: rows, values: rows.reversed(), stride: 64, tokens: 150, packs: false)
      head.setBalance(queryMaxima: numbers.numbers(64).map(abs))
      head.demote(keeping: Array(Swift.stride(from: 1, to: 150, by: 3)))
      head.packPrompt()
      for step in 0..<7 {
        let row = numbers.numbers(64)
        head.append(keys: row, values: row, stride: 64, tokens: 1, packs: true)
        if step % 2 == 0 { head.demote(slot: step) }
      }
      let queries = numbers.numbers(3 * 64)
      let weights = numbers.numbers(3 * 192).map(abs)
      for range in [0..<head.count, 0..<90, 96..<head.count, 128..<head.count, 32..<64] {
        var scores = [Float](repeating: .nan, count: 3 * 192)
        head.scores(queries, rows: 3, tokens: range, &scores, outStride: 192)
        var sums = [Float](repeating: 0, count: 3 * 64)
        head.accumulate(weights, weightStride: 192, rows: 3, tokens: range, &sums)
        var expectedSums = [Double](repeating: 0, count: 3 * 64)
        for (index, slot) in range.enumerated() {
          var (key, value) = (Self.row([]), Self.row([]))
          head.readKey(slot, into: &key)
          head.readValue(slot, into: &value)
          for row in 0..<3 {
            var expected = 0.0
            var magnitude = 0.0
            for channel in 0..<64 {
              let product = Double(queries[row * 64 + channel]) * Double(key[channel])
              expected += product
              magnitude += abs(product)
              expectedSums[row * 64 + channel] += Double(weights[row * 192 + index]) * Double(value[channel])
            }
            // Codes are summed before minima: the terms may be larger than the products.
            #expect(abs(Double(scores[row * 192 + index]) - expected) <= 1e-4 * (magnitude + 1))
          }
        }
        for (found, expected) in zip(sums, expectedSums) {
          #expect(abs(Double(found) - expected) <= 1e-4 * Double(range.count))
        }
      }
    }
  }

  @Test("bits=0 with packed important tokens is refused, with what to write instead")
  func refused() {
    #expect {
      _ = try Compressor.of("mikv", ["bits": 0, "hi_bits": 8])
    } throws: {
      let problem = $0 as? RuntimeProblem
      return problem?.code == "K304" && problem?.suggestion?.contains("quarot bits=8") == true
    }
  }
}
