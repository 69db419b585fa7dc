import KernelABI
import Testing

@testable import Runtime

/// The Checks of sheet kivi.
struct GroupedStoreTests {
  static let shape = CacheShape(layers: 1, kvHeads: 3, groupHeads: 3, headDim: 64)
  static let codec = GroupedCodec(keyBits: 2, valueBits: 2, group: 32, residual: 128)

  /// Exact tokens of keys and values together, from the bytes of the tail.
  static func exactTokens(_ trial: StoreTrial) -> Int { trial.store.bytes.exactTail / (3 * 64 * 2) }

  @Test("a group is restored from its extremes, ties to even")
  func quantiser() {
    let two = GroupQuantiser(bits: 2, minimum: -1, maximum: 2)
    #expect([-1, 0.2, 0.5, 2].map { two.code($0) } == [0, 1, 2, 3])
    #expect((0...3).map { two.restored(UInt8($0)) } == [-1, 0, 1, 2])
    let ties = GroupQuantiser(bits: 2, minimum: 0, maximum: 3)
    #expect([0, 0.5, 1.5, 2.5, 3].map { ties.code($0) } == [0, 0, 2, 2, 3])
    let constant = GroupQuantiser(bits: 2, minimum: 5, maximum: 5)
    #expect(constant.code(5) == 0 && constant.restored(0) == 5)
  }

  @Test("a restored number is within half a step", arguments: [2, 4, 8])
  func withinHalfStep(_ bits: Int) {
    var draw = SeededNumbers(bits)
    for _ in 0..<200 {
      let group = draw.numbers(32)
      let exact = GroupQuantiser(bits: bits, minimum: group.min() ?? 0, maximum: group.max() ?? 0)
      let half = exact.roundedToHalf()
      for x in group {
        #expect(abs(exact.restored(exact.code(x)) - x) <= exact.scale / 2 * 1.0001)
        let rounding = (abs(exact.minimum) + exact.scale * exact.levels) * 0x1p-11
        #expect(abs(half.restored(half.code(x)) - x) <= exact.scale / 2 + 2 * rounding)
      }
    }
  }

  @Test(
    "every code of a block has bits of its own, and the block has no others", arguments: [2, 4, 8], [16, 48, 64, 128])
  func packing(_ bits: Int, _ headDim: Int) {
    let places = [PackedKeyBlocks.place, PackedValueBlocks.place]
    for place in places {
      var bytes = [UInt8](repeating: 0, count: 32 * headDim * bits / 8)
      for token in 0..<32 {
        for channel in 0..<headDim {
          let one = place(token, channel, bits, headDim)
          #expect(CodePacking.read(one, bits: bits, bytes) == 0)
          CodePacking.write(UInt8((1 << bits) - 1), at: one, bits: bits, &bytes)
        }
      }
      #expect(bytes.allSatisfy { $0 == 255 })
    }
  }

  @Test("the first codes of a block lie as the dot products read them")
  func blockOrder() {
    #expect(PackedKeyBlocks.place(token: 0, channel: 3, bits: 2, headDim: 64) == (3, 0))
    #expect(PackedKeyBlocks.place(token: 1, channel: 4, bits: 2, headDim: 64) == (4, 2))
    #expect(PackedKeyBlocks.place(token: 15, channel: 63, bits: 4, headDim: 64) == (511, 4))
    #expect(PackedKeyBlocks.place(token: 16, channel: 0, bits: 8, headDim: 32) == (512, 0))
    #expect(PackedValueBlocks.place(token: 3, channel: 0, bits: 2, headDim: 64) == (3, 0))
    #expect(PackedValueBlocks.place(token: 4, channel: 1, bits: 2, headDim: 64) == (4, 2))
    #expect(PackedValueBlocks.place(token: 0, channel: 16, bits: 4, headDim: 64) == (128, 0))
    #expect(PackedValueBlocks.place(token: 31, channel: 63, bits: 8, headDim: 64) == (2047, 0))
  }

  @Test(
    "the prompt splits as the authors' code does: exact keys and values for each length",
    arguments: [(300, 44, 128), (256, 0, 128), (128, 0, 128), (127, 127, 127), (1, 1, 1)])
  func split(_ row: (tokens: Int, keys: Int, values: Int)) {
    var trial = StoreTrial(Self.codec, Self.shape, seed: 1)
    trial.prefill(row.tokens)
    #expect(Self.exactTokens(trial) == row.keys + row.values)
    #expect(trial.store.bytes.payload == (2 * row.tokens - row.keys - row.values) * 192 / 4)
  }

  @Test("84 steps after a prompt of 300 all keys are packed and 128 values exact")
  func phases() {
    var trial = StoreTrial(Self.codec, Self.shape, seed: 1)
    trial.prefill(300)
    for step in 1...83 {
      trial.decode(1)
      #expect(Self.exactTokens(trial) == 44 + step + 128)
    }
    trial.decode(1)
    #expect(Self.exactTokens(trial) == 128)
    #expect(trial.store.bytes.payload == (384 + 256) * 192 / 4)
  }

  @Test("127 tokens attend like the exact cache bit for bit; the 128th packs the keys")
  func shortPrompt() {
    var packed = StoreTrial(Self.codec, Self.shape, seed: 6)
    var exact = StoreTrial(nil, Self.shape, seed: 6)
    packed.prefill(100)
    exact.prefill(100)
    packed.decode(27)
    exact.decode(27)
    var draw = SeededNumbers(1)
    let queries = draw.numbers(3 * 64)
    #expect(packed.scores(2, queries, 0..<127) == exact.scores(2, queries, 0..<127))
    packed.decode(1)
    exact.decode(1)
    #expect(packed.scores(2, queries, 0..<128) != exact.scores(2, queries, 0..<128))
    #expect(packed.store.decoded(head: 2).values == exact.store.decoded(head: 2).values)
  }

  @Test("a constant prompt is restored exactly")
  func constantGroups() {
    let trial = StoreTrial(Self.codec, Self.shape, seed: 1)
    for head in 0..<3 {
      let row = [Float](repeating: 5, count: 256 * 64)
      trial.append(head: head, keys: row, values: row)
    }
    trial.store.finishPrefill()
    #expect(trial.store.decoded(head: 1).keys.allSatisfy { $0 == 5 })
    #expect(trial.store.decoded(head: 1).values.allSatisfy { $0 == 5 })
  }

  @Test("keys are grouped along tokens and values along channels: a lone heavy number hurts its own group only")
  func axes() {
    let trial = StoreTrial(Self.codec, Self.shape, seed: 1)
    for head in 0..<3 {
      // Numbers that two bits hold exactly, but for one that stretches its group.
      var rows = (0..<256 * 64).map { (place: Int) -> Float in Float((place / 64 + place % 64) % 4) }
      rows[40 * 64 + 7] = 1000
      trial.append(head: head, keys: rows, values: rows)
    }
    trial.store.finishPrefill()
    let (keys, values) = trial.store.decoded(head: 0)
    for token in 0..<128 {
      for channel in 0..<64 where !(token == 40 && channel == 7) {
        let exact = Float((token + channel) % 4)
        let keyIsHurt = channel == 7 && token / 32 == 1 && exact > 0
        let valueIsHurt = token == 40 && channel / 32 == 0 && exact > 0
        #expect((keys[token * 64 + channel] != exact) == keyIsHurt)
        #expect((values[token * 64 + channel] != exact) == valueIsHurt)
      }
    }
  }
}
