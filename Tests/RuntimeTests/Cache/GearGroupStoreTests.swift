import Testing

@testable import Runtime

/// Sheet gear, variant B: blocks, outliers per vector, low rank per head.
struct GearGroupStoreTests {
  static let shape = CacheShape(layers: 4, kvHeads: 3, groupHeads: 3, headDim: 64)

  static func codec(bits: Int = 2, outlier: Double = 0.02, rank: Int = 4, rankDecode: Int = 2) -> GearGroupCodec {
    GearGroupCodec(
      settings: GearGroupSettings(
        bits: bits, outlier: outlier, rank: rank, rankDecode: rankDecode, loops: 3, interval: 64, group: 64, seed: 0))
  }

  @Test("full buffers become blocks of their own; what is packed never changes again")
  func blocks() {
    var trial = StoreTrial(Self.codec(), Self.shape, seed: 4)
    trial.prefill(150)
    #expect(trial.store.bytes.exactTail == 22 * Self.shape.tokenBytes)
    let before = trial.store.decoded(head: 2)
    trial.decode(41)
    #expect(trial.store.bytes.exactTail == 63 * Self.shape.tokenBytes)
    trial.decode(1)
    #expect(trial.store.bytes.exactTail == 0)
    let after = trial.store.decoded(head: 2)
    #expect(Array(after.keys.prefix(128 * 64)) == Array(before.keys.prefix(128 * 64)))
    #expect(Array(after.values.prefix(128 * 64)) == Array(before.values.prefix(128 * 64)))
    #expect(Array(after.keys[128 * 64..<150 * 64]) != Array(before.keys[128 * 64..<150 * 64]))
    #expect(trial.store.takePeakBytes() > trial.store.bytes.held)
  }

  @Test("without outliers and low rank it is KIVI's grouping bit for bit")
  func plain() {
    var gear = StoreTrial(Self.codec(outlier: 0, rank: 0), Self.shape, seed: 4)
    var kivi = StoreTrial(GroupedCodec(keyBits: 2, valueBits: 2, group: 64, residual: 64), Self.shape, seed: 4)
    gear.prefill(192)
    kivi.prefill(192)
    #expect(gear.store.decoded(head: 1).keys == kivi.store.decoded(head: 1).keys)
    #expect(gear.store.decoded(head: 1).values.prefix(128 * 64) == kivi.store.decoded(head: 1).values.prefix(128 * 64))
  }

  @Test("a channel's outliers and a token's outliers over all heads are exact but for the low-rank part")
  func outliers() {
    let trial = StoreTrial(Self.codec(rank: 0), Self.shape, seed: 4)
    var draw = SeededNumbers(6)
    var values: [[Float]] = []
    for head in 0..<3 {
      var keys = draw.numbers(256 * 64).map(Half.round)
      var rows = draw.numbers(256 * 64).map(Half.round)
      keys[100 * 64 + 5] = 64
      keys[200 * 64 + 5] = -32
      // One outlier an end for each token of 192 channels: the high one in head 0, the low one in head 2.
      if head == 0 { for token in 0..<256 { rows[token * 64 + token % 64] = 50 } }
      if head == 2 { for token in 0..<256 { rows[token * 64 + 3] = -70 } }
      trial.append(head: head, keys: keys, values: rows)
      values.append(rows)
    }
    trial.store.finishPrefill()
    let keys = trial.store.decoded(head: 1).keys
    #expect(keys[100 * 64 + 5] == 64 && keys[200 * 64 + 5] == -32)
    for token in 0..<256 {
      #expect(trial.store.decoded(head: 0).values[token * 64 + token % 64] == 50)
    }
    #expect((0..<256).allSatisfy { trial.store.decoded(head: 2).values[$0 * 64 + 3] == -70 })
    // Head 1 holds none of them, so its groups are as narrow as its own numbers allow.
    let middle = trial.store.decoded(head: 1).values
    #expect(zip(middle, values[1]).contains { $0 != $1 })
    #expect(trial.store.bytes.corrections == 6 * (2 * 2 * 192 + 2 * 256))
  }

  @Test("each part lowers the error: codes, then outliers, then low rank")
  func partsHelp() {
    func error(_ codec: GearGroupCodec) -> Double {
      var trial = StoreTrial(codec, Self.shape, seed: 9)
      trial.append(256)
      let exact = trial.store.decoded(head: 0).keys
      trial.store.finishPrefill()
      return GearTensorStoreTests.relativeError(trial.store.decoded(head: 0).keys, exact)
    }
    let codes = error(Self.codec(outlier: 0, rank: 0))
    let outliers = error(Self.codec(rank: 0))
    let both = error(Self.codec(rank: 4))
    #expect(codes > outliers && outliers > both)
    #expect(error(Self.codec(rank: 64)) < 3e-4)
  }
}
